package io.spillway.node.runner;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import io.spillway.node.sampling.Logprobs;
import io.spillway.node.sampling.Sampler;
import java.lang.foreign.MemorySegment;

/**
 * Runs steps: {@link #begin()}, {@link #add} per sequence, {@link #run()}, then one outcome per sequence in that order.
 * Single writer: the engine thread. Buffers are made once; logits grow to what the largest step needed.
 */
public final class StepRunner {
    /** Outcome of a sequence whose known tokens are not all computed yet. */
    public static final int NO_TOKEN = -1;

    private final LanguageModel model;
    private final KvLayout layout;
    private final MemorySegment slab;
    private final StepBatch batch;
    private final Sampler sampler;
    private final StepSequence[] sequences;     // [sequencesMax]
    private final boolean[] wantsToken;         // [sequencesMax]
    private final int[] tokens;                 // [sequencesMax]
    private final TokenLogprob[] logprobs;      // [sequencesMax], null: not asked for
    private final SpillwayException[] failures; // [sequencesMax], null: none
    private float[] logits = new float[0];      // [sequences that want a token][vocabulary]
    private int count;

    /**
     * @param rowsMax      most tokens of a step
     * @param sequencesMax most sequences of a step
     */
    public record Limits(int rowsMax, int sequencesMax) {
    }

    /** @param slab borrowed: the blocks that block tables speak of */
    public StepRunner(
        final LanguageModel model, final KvLayout layout, final MemorySegment slab, final Limits limits) {
        this.model = model;
        this.layout = layout;
        this.slab = slab;
        batch = new StepBatch(limits.rowsMax(), limits.sequencesMax());
        sampler = new Sampler(model.vocabularySize());
        sequences = new StepSequence[limits.sequencesMax()];
        wantsToken = new boolean[limits.sequencesMax()];
        tokens = new int[limits.sequencesMax()];
        logprobs = new TokenLogprob[limits.sequencesMax()];
        failures = new SpillwayException[limits.sequencesMax()];
    }

    /** Forgets the last step. */
    public void begin() {
        batch.clear();
        java.util.Arrays.fill(sequences, 0, count, null);
        count = 0;
    }

    /** Adds the next {@code tokenCount} tokens of a sequence; if they are its last known ones, a token is chosen. */
    public void add(final StepSequence sequence, final int tokenCount) {
        final int from = sequence.computedTokens();
        batch.beginSequence(sequence.blockTable());
        for (int position = from; position < from + tokenCount; position++) {
            batch.addRow(sequence.token(position), position);
        }
        wantsToken[count] = from + tokenCount == sequence.knownTokens();
        if (wantsToken[count]) {
            batch.wantLogits();
        }
        sequences[count++] = sequence;
    }

    /** Computes and chooses. Throws what the model throws; then there are no outcomes. */
    public void run() {
        final int vocabularySize = model.vocabularySize();
        final int wanted = batch.logitsRowCount() * vocabularySize;
        if (logits.length < wanted) {
            logits = new float[wanted];
        }
        model.forward(batch, layout, slab, logits);
        int row = 0;
        for (int i = 0; i < count; i++) {
            tokens[i] = NO_TOKEN;
            logprobs[i] = null;
            failures[i] = null;
            if (wantsToken[i]) {
                choose(i, row++ * vocabularySize);
            }
        }
    }

    private void choose(final int index, final int from) {
        final StepSequence sequence = sequences[index];
        try {
            tokens[index] =
                sampler.sample(logits, from, sequence.sampling(), sequence.history(), sequence.outputPosition());
        } catch (final SpillwayException e) {
            failures[index] = e; // this row only: the others are sound
            return;
        }
        if (sequence.sampling().wantsLogprobs()) {
            logprobs[index] = Logprobs.of(
                logits, from, model.vocabularySize(), tokens[index], sequence.sampling().topLogprobs());
        }
    }

    /** @return sequences of this step */
    public int count() {
        return count;
    }

    /** @return rows of this step */
    public int rows() {
        return batch.rowCount();
    }

    /** @return the token chosen, or {@link #NO_TOKEN} */
    public int token(final int index) {
        return tokens[index];
    }

    /** @return log probabilities of the token chosen; null when not asked for */
    public TokenLogprob logprob(final int index) {
        return logprobs[index];
    }

    /** @return why no token could be chosen; null when one was */
    public SpillwayException failure(final int index) {
        return failures[index];
    }
}
