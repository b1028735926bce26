package io.spillway.node.engine;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A model whose logits are a hash of everything it reads back from the blocks: token, position and running hash of each
 * earlier position. A wrong block table, a stale block or one missing write gives other logits.
 */
class FakeModel implements LanguageModel {
    static final int VOCABULARY = 24;
    static final int HIDDEN = 5;
    /** A step that computes this token throws. */
    static final int TOKEN_THAT_THROWS = 22;
    /** Logits behind this token are NaN. */
    static final int TOKEN_THAT_BLINDS = 23;
    private static final int SLOT_BYTES = 16; // token, position, running hash

    private final int contextTokens;
    private long rowsComputed;
    private int largestStepRows;

    FakeModel(final int contextTokens) {
        this.contextTokens = contextTokens;
    }

    static KvLayout layout(final int blockTokens) {
        return new KvLayout(1, 1, 2, blockTokens, KvElement.F32);
    }

    long rowsComputed() {
        return rowsComputed;
    }

    int largestStepRows() {
        return largestStepRows;
    }

    @Override
    public int vocabularySize() {
        return VOCABULARY;
    }

    @Override
    public int contextTokens() {
        return contextTokens;
    }

    @Override
    public KvLayout kvLayout(final int blockTokens, final KvElement element) {
        return layout(blockTokens);
    }

    @Override
    public void forward(
        final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] logits) {
        largestStepRows = Math.max(largestStepRows, batch.rowCount());
        for (int row = 0; row < batch.rowCount(); row++) {
            write(batch, row, layout, kvSlab);
        }
        for (int i = 0; i < batch.logitsRowCount(); i++) {
            logits(batch, i, layout, kvSlab, logits);
        }
    }

    private void write(final StepBatch batch, final int row, final KvLayout layout, final MemorySegment slab) {
        final int position = batch.position(row);
        final int[] table = batch.blockTable(batch.sequenceOfRow(row));
        final int token = batch.tokenId(row);
        if (token == TOKEN_THAT_THROWS) {
            throw new IllegalStateException("a token this model cannot compute");
        }
        final long before = position == 0 ? 42 : slab.get(ValueLayout.JAVA_LONG, slot(layout, table, position - 1) + 8);
        final long slot = slot(layout, table, position);
        slab.set(ValueLayout.JAVA_INT, slot, token);
        slab.set(ValueLayout.JAVA_INT, slot + 4, position);
        slab.set(ValueLayout.JAVA_LONG, slot + 8, mix(before * 31 + token));
        rowsComputed++;
    }

    /** Hidden states of {@link #HIDDEN} elements: a hash of what logits are a hash of. */
    @Override
    public int hiddenSize() {
        return HIDDEN;
    }

    @Override
    public void hiddenStates(
        final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] states) {
        largestStepRows = Math.max(largestStepRows, batch.rowCount());
        for (int row = 0; row < batch.rowCount(); row++) {
            write(batch, row, layout, kvSlab);
        }
        for (int i = 0; i < batch.logitsRowCount(); i++) {
            final long digest = digest(batch, batch.logitsRow(i), layout, kvSlab);
            for (int element = 0; element < HIDDEN; element++) {
                states[i * HIDDEN + element] = (mix(digest - element) >> 40) * 0x1.0p-20f;
            }
        }
    }

    private static void logits(
        final StepBatch batch, final int index, final KvLayout layout, final MemorySegment slab, final float[] logits) {
        final int row = batch.logitsRow(index);
        final long digest = digest(batch, row, layout, slab);
        for (int token = 0; token < VOCABULARY; token++) {
            final boolean isHidden = token >= TOKEN_THAT_THROWS;
            logits[index * VOCABULARY + token] = isHidden ? Float.NEGATIVE_INFINITY
                : (mix(digest + token) >>> 40) * 0x1.0p-24f * 6f;
        }
        if (batch.tokenId(row) == TOKEN_THAT_BLINDS) {
            logits[index * VOCABULARY + 3] = Float.NaN;
        }
    }

    private static long digest(
        final StepBatch batch, final int row, final KvLayout layout, final MemorySegment slab) {
        final int[] table = batch.blockTable(batch.sequenceOfRow(row));
        long digest = 7;
        for (int position = 0; position <= batch.position(row); position++) {
            final long slot = slot(layout, table, position);
            digest = mix(digest ^ slab.get(ValueLayout.JAVA_INT, slot));
            digest = mix(digest + slab.get(ValueLayout.JAVA_INT, slot + 4));
            digest = mix(digest ^ slab.get(ValueLayout.JAVA_LONG, slot + 8));
        }
        return digest;
    }

    private static long slot(final KvLayout layout, final int[] table, final int position) {
        return table[position / layout.blockTokens()] * layout.blockBytes()
            + (long) position % layout.blockTokens() * SLOT_BYTES;
    }

    private static long mix(final long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    @Override
    public void close() {
        // holds nothing
    }
}
