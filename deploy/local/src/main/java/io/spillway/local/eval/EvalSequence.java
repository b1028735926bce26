package io.spillway.local.eval;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Slab;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;

/**
 * One sequence over a cache of its own: computes tokens in steps and hands out the logits of the rows that are wanted.
 * Used by one thread; the model stays the caller's.
 */
public final class EvalSequence implements AutoCloseable {
    private static final int BLOCK_TOKENS = 64;
    /** Logits of one step take no more than this, so that a large vocabulary does not need a large heap. */
    private static final int LOGITS_MAX = 1 << 23;

    private final LanguageModel model;
    private final KvLayout layout;
    private final Slab slab;        // owned
    private final int[] table;
    private final StepBatch batch;
    private final int stepTokens;
    private final float[] logits;   // [stepTokens][vocabulary]

    /** Told the logits of one position: {@code logits[at … at + vocabulary)}, borrowed for the call. */
    @FunctionalInterface
    public interface LogitsSink {
        /** @param position 0-based, in the sequence */
        void accept(int position, float[] logits, int at);
    }

    /**
     * @param tokensMax  most positions
     * @param stepTokens most tokens of one step; fewer when the vocabulary is large
     * @throws SpillwayException CONTEXT_LENGTH_EXCEEDED when the model has fewer positions
     */
    public EvalSequence(final LanguageModel model, final int tokensMax, final int stepTokens, final KvElement element) {
        if (tokensMax > model.contextTokens()) {
            throw SpillwayException.ofField(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "sequence", tokensMax + " tokens do not fit the model's context of " + model.contextTokens());
        }
        this.model = model;
        layout = model.kvLayout(BLOCK_TOKENS, element);
        slab = Slab.allocate(layout.blocksFor(tokensMax) * layout.blockBytes());
        table = new int[layout.blocksFor(tokensMax)];
        for (int block = 0; block < table.length; block++) {
            table[block] = block;
        }
        this.stepTokens = Math.clamp(LOGITS_MAX / model.vocabularySize(), 1, stepTokens);
        batch = new StepBatch(this.stepTokens, 1);
        logits = new float[this.stepTokens * model.vocabularySize()];
    }

    /**
     * Computes {@code tokens[0 … count)} from position 0 on, forgetting what was computed before.
     *
     * @param firstWanted logits of positions from this one on are handed out, in order
     */
    public void run(final int[] tokens, final int count, final int firstWanted, final LogitsSink sink) {
        for (int from = 0; from < count; from += stepTokens) {
            final int to = Math.min(count, from + stepTokens);
            batch.clear();
            batch.beginSequence(table);
            for (int position = from; position < to; position++) {
                batch.addRow(tokens[position], position);
                if (position >= firstWanted) {
                    batch.wantLogits();
                }
            }
            model.forward(batch, layout, slab.segment(), logits);
            for (int row = 0; row < batch.logitsRowCount(); row++) {
                sink.accept(to - batch.logitsRowCount() + row, logits, row * model.vocabularySize());
            }
        }
    }

    @Override
    public void close() {
        slab.close();
    }
}
