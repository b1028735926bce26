package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.KvElements;
import io.spillway.node.compute.Slab;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;

/** One sequence over a slab of its own, for tests: feeds tokens in chunks, keeps the last logits. */
final class Session implements AutoCloseable {
    final KvLayout layout;
    final Slab slab;
    final int[] table;
    final float[] logits;
    private final LanguageModel model;
    private final StepBatch batch;
    private int position;

    Session(final LanguageModel model, final KvLayout layout, final int[] table, final int rowsMax) {
        this.model = model;
        this.layout = layout;
        this.table = table;
        int blocks = 0;
        for (final int block : table) {
            blocks = Math.max(blocks, block + 1);
        }
        slab = Slab.allocate(blocks * layout.blockBytes());
        logits = new float[model.vocabularySize()];
        batch = new StepBatch(rowsMax, 1);
    }

    static Session of(final LanguageModel model, final int tokensMax) {
        final KvLayout layout = model.kvLayout(64, KvElement.F32);
        final int[] table = new int[layout.blocksFor(tokensMax)];
        for (int i = 0; i < table.length; i++) {
            table[i] = i;
        }
        return new Session(model, layout, table, tokensMax);
    }

    /** Feeds tokens from, inclusive, to to, exclusive, in one step; {@link #logits} become those of the last. */
    void feed(final int[] tokenIds, final int from, final int to) {
        batch.clear();
        batch.beginSequence(table);
        for (int i = from; i < to; i++) {
            batch.addRow(tokenIds[i], position++);
        }
        batch.wantLogits();
        model.forward(batch, layout, slab.segment(), logits);
    }

    /** Goes back: the next token fed stands at that position. The cache before it is used again. */
    void rewind(final int toPosition) {
        position = toPosition;
    }

    int argmax() {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** The key and value of a position, every layer and head, in a fixed order. */
    float[] kvAt(final int atPosition) {
        final long block = table[atPosition / layout.blockTokens()] * layout.blockBytes();
        final int token = atPosition % layout.blockTokens();
        final float[] all = new float[2 * layout.layers() * layout.kvHeads() * layout.headDim()];
        int n = 0;
        for (int layer = 0; layer < layout.layers(); layer++) {
            for (int head = 0; head < layout.kvHeads(); head++) {
                for (int d = 0; d < layout.headDim(); d++) {
                    all[n++] = key(block + layout.keyOffset(layer, head), d, token);
                    all[n++] = value(block + layout.valueOffset(layer, head), token, d);
                }
            }
        }
        return all;
    }

    private float key(final long at, final int dim, final int token) {
        return KvElements.keyNumber(segment(), layout, at, dim, token) * KvElements.scale(segment(), layout, at, token)
                + KvElements.minimum(segment(), layout, at, token);
    }

    private float value(final long at, final int token, final int dim) {
        return KvElements.valueNumber(segment(), layout, at, token, dim) * KvElements.scale(segment(), layout, at, token)
                + KvElements.minimum(segment(), layout, at, token);
    }

    MemorySegment segment() {
        return slab.segment();
    }

    @Override
    public void close() {
        slab.close();
    }
}
