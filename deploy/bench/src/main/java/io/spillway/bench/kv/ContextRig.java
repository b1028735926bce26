package io.spillway.bench.kv;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** One long sequence over a cache of its own. The model and the backend are borrowed. */
final class ContextRig implements AutoCloseable {
    static final int BLOCK_TOKENS = 64;
    static final int CHUNK_TOKENS = 512;

    private final ComputeBackend backend;
    private final LanguageModel model;
    private final KvLayout layout;
    private final Slab slab;
    private final int[] table;
    private final StepBatch batch = new StepBatch(CHUNK_TOKENS, 1);
    private final float[] logits;

    ContextRig(final ComputeBackend backend, final LanguageModel model, final KvElement element, final int tokens) {
        this.backend = backend;
        this.model = model;
        layout = model.kvLayout(BLOCK_TOKENS, element);
        table = new int[layout.blocksFor(tokens)];
        for (int i = 0; i < table.length; i++) {
            table[i] = i;
        }
        slab = backend.allocate(table.length * layout.blockBytes());
        logits = new float[model.vocabularySize()];
    }

    KvLayout layout() {
        return layout;
    }

    int blocks() {
        return table.length;
    }

    MemorySegment block(final int index) {
        return slab.segment().asSlice(index * layout.blockBytes(), layout.blockBytes());
    }

    /** @return those of the last token that was computed; overwritten by the next */
    float[] logits() {
        return logits;
    }

    /** Random keys and values in the blocks from, inclusive, to to, exclusive: speed does not depend on them. */
    void fill(final int from, final int to) {
        final Tensor rows = Tensor.ofRows(BLOCK_TOKENS, layout.kvHeads() * layout.headDim());
        final Random random = new Random(1);
        for (int i = 0; i < rows.values().length; i++) {
            rows.values()[i] = (float) random.nextGaussian();
        }
        final KvRows kv = new KvRows();
        try (TensorOps ops = backend.newOps()) {
            for (int block = from; block < to; block++) {
                kv.begin(layout, slab.segment(), BLOCK_TOKENS, 1);
                kv.blockTable(0, new int[] {block});
                for (int token = 0; token < BLOCK_TOKENS; token++) {
                    kv.addRow(0, token);
                }
                for (int layer = 0; layer < layout.layers(); layer++) {
                    ops.store(kv, layer, rows, rows);
                }
            }
        }
    }

    /** Computes {@code count} tokens from position {@code from} on, in one step. @return nanoseconds */
    long step(final int from, final int count) {
        final long begin = System.nanoTime();
        batch.clear();
        batch.beginSequence(table);
        for (int i = 0; i < count; i++) {
            batch.addRow((from + i) * 31 % Math.min(1000, model.vocabularySize()), from + i);
        }
        batch.wantLogits();
        model.forward(batch, layout, slab.segment(), logits);
        return System.nanoTime() - begin;
    }

    /** Computes the token at that position {@code times} times over. @return the least nanoseconds of a time */
    long decode(final int position, final int times) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < times; i++) {
            least = Math.min(least, step(position, 1));
        }
        return least;
    }

    @Override
    public void close() {
        slab.close();
    }
}
