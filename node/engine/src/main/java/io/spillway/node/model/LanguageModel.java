package io.spillway.node.model;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;

/**
 * A decoder that computes logits over a paged KV cache.
 *
 * <p>Batch-invariant: the logits of a row, and the keys and values it writes, are bit for bit a function of the tokens of
 * its own sequence up to its position. How rows are batched, chunked or threaded does not change them.
 *
 * <p>Thread: one caller at a time (the engine thread); an implementation may use worker threads of its own inside a call.
 */
public interface LanguageModel extends AutoCloseable {
    /** @return vocabulary size: the row length of the logits */
    int vocabularySize();

    /** @return most positions a sequence may have */
    int contextTokens();

    /** @return layout of this model's KV for blocks of {@code blockTokens} tokens */
    KvLayout kvLayout(int blockTokens, KvElement element);

    /**
     * Computes one step: writes the keys and values of every row into its block, then the logits of the rows that want them.
     *
     * @param batch  rows of all sequences in this step; row order within a sequence is position order, without gaps
     * @param layout layout of the blocks in {@code kvSlab}
     * @param kvSlab off-heap; block {@code b} starts at {@code b * layout.blockBytes()}; borrowed for the call
     * @param logits out, {@code [batch.logitsRowCount()][vocabularySize()]}, row-major; borrowed for the call
     */
    void forward(StepBatch batch, KvLayout layout, MemorySegment kvSlab, float[] logits);

    /** @return width of a hidden state */
    default int hiddenSize() {
        throw new UnsupportedOperationException("this model shows no hidden states");
    }

    /**
     * Like {@link #forward}, but gives the hidden states after the last norm, instead of logits, of the rows that want output.
     *
     * @param states out, {@code [batch.logitsRowCount()][hiddenSize()]}, row-major; borrowed for the call
     */
    default void hiddenStates(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] states) {
        throw new UnsupportedOperationException("this model shows no hidden states");
    }

    /** Frees weights and worker threads. Not idempotent. */
    @Override
    void close();
}
