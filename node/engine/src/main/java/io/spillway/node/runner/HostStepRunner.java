package io.spillway.node.runner;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import io.spillway.node.sampling.Logprobs;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenConstraint;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Runs steps of a {@link LanguageModel} in host memory: {@link #submit} computes, {@link #await} chooses. One step at a time.
 *
 * <p>Single writer: the engine thread. Buffers are made once; logits grow to what the largest step needed.
 */
public final class HostStepRunner implements StepRunner, StepOutcomes {
    private static final int[] NOTHING = {};

    private final LanguageModel model;
    private final KvLayout layout;
    private final MemorySegment slab;
    private final StepBatch batch;
    private final StepBatch pooled;             // rows whose hidden states are wanted
    private final Sampler sampler;
    private final long[] mask;
    private final StepSequence[] sequences;     // [sequencesMax]
    private final boolean[] wantsToken;         // [sequencesMax]
    private final int[] pooledRows;             // [sequencesMax], rows whose hidden states it gathers
    private final int[][] proposed;             // [sequencesMax][≥ proposedCount], borrowed from the caller
    private final int[] proposedCount;          // [sequencesMax]
    private final int[] chosenFrom;             // [sequencesMax], place of its first token in tokens
    private final int[] chosenCount;            // [sequencesMax]
    private final int[] acceptedCount;          // [sequencesMax]
    private final SpillwayException[] failures; // [sequencesMax], null: none
    private final int[] tokens;                 // [rowsMax]
    private final TokenLogprob[] logprobs;      // [rowsMax], of tokens; null: not asked for
    private float[] logits = new float[0];      // [rows that choose a token][vocabulary]
    private float[] states = new float[0];      // [rows that are pooled][hidden]
    private final boolean[] dropped;            // [sequencesMax]
    private int count;

    /** @param slab borrowed: the blocks that block tables speak of */
    public HostStepRunner(
        final LanguageModel model, final KvLayout layout, final MemorySegment slab, final Limits limits) {
        this.model = model;
        this.layout = layout;
        this.slab = slab;
        batch = new StepBatch(limits.rowsMax(), limits.sequencesMax());
        pooled = new StepBatch(limits.rowsMax(), limits.sequencesMax());
        sampler = new Sampler(model.vocabularySize());
        mask = new long[TokenConstraint.maskWords(model.vocabularySize())];
        sequences = new StepSequence[limits.sequencesMax()];
        wantsToken = new boolean[limits.sequencesMax()];
        pooledRows = new int[limits.sequencesMax()];
        proposed = new int[limits.sequencesMax()][];
        proposedCount = new int[limits.sequencesMax()];
        chosenFrom = new int[limits.sequencesMax()];
        chosenCount = new int[limits.sequencesMax()];
        acceptedCount = new int[limits.sequencesMax()];
        dropped = new boolean[limits.sequencesMax()];
        failures = new SpillwayException[limits.sequencesMax()];
        tokens = new int[limits.rowsMax()];
        logprobs = new TokenLogprob[limits.rowsMax()];
    }

    @Override
    public void begin() {
        batch.clear();
        pooled.clear();
        Arrays.fill(sequences, 0, count, null);
        Arrays.fill(proposed, 0, count, null);
        Arrays.fill(dropped, 0, count, false);
        count = 0;
    }

    @Override
    public void add(final StepSequence sequence, final int tokenCount) {
        add(sequence, tokenCount, NOTHING, 0);
    }

    @Override
    public void add(final StepSequence sequence, final int tokenCount, final int[] guess, final int guessCount) {
        final int from = sequence.computedTokens();
        final int to = from + tokenCount;
        pooledRows[count] = 0;
        final HiddenPool pool = sequence.pool();
        if (pool != null && (pool.wantsEveryRow() || to == sequence.knownTokens())) {
            addPooled(sequence, tokenCount);
            return;
        }
        batch.beginSequence(sequence.blockTable());
        for (int position = from; position < to; position++) {
            batch.addRow(sequence.token(position), position);
        }
        wantsToken[count] = to == sequence.knownTokens();
        if (wantsToken[count]) {
            batch.wantLogits();
        } else if (guessCount > 0) {
            throw new IllegalArgumentException("tokens are proposed before the last known one is computed");
        }
        for (int i = 0; i < guessCount; i++) {
            batch.addRow(guess[i], to + i);
            batch.wantLogits();
        }
        proposed[count] = guess;
        proposedCount[count] = guessCount;
        sequences[count++] = sequence;
    }

    private void addPooled(final StepSequence sequence, final int tokenCount) {
        final int from = sequence.computedTokens();
        pooled.beginSequence(sequence.blockTable());
        for (int position = from; position < from + tokenCount; position++) {
            pooled.addRow(sequence.token(position), position);
            if (sequence.pool().wantsEveryRow() || position == sequence.knownTokens() - 1) {
                pooled.wantLogits();
                pooledRows[count]++;
            }
        }
        wantsToken[count] = false;
        proposedCount[count] = 0;
        sequences[count++] = sequence;
    }

    @Override
    public void addAhead(final StepSequence sequence, final int previousIndex) {
        throw new IllegalStateException("the host knows every token before the next step");
    }

    @Override
    public void submit() {
        final int wanted = batch.logitsRowCount() * model.vocabularySize();
        if (logits.length < wanted) {
            logits = new float[wanted];
        }
        if (batch.rowCount() > 0) {
            model.forward(batch, layout, slab, logits);
        }
        final int wantedStates = pooled.logitsRowCount() * (pooled.rowCount() > 0 ? model.hiddenSize() : 0);
        if (states.length < wantedStates) {
            states = new float[wantedStates];
        }
        if (pooled.rowCount() > 0) {
            model.hiddenStates(pooled, layout, slab, states);
        }
    }

    @Override
    public void drop(final int index) {
        dropped[index] = true;
    }

    @Override
    public StepOutcomes await() {
        pool();
        int row = 0;
        int chosen = 0;
        for (int i = 0; i < count; i++) {
            chosenFrom[i] = chosen;
            chosenCount[i] = 0;
            acceptedCount[i] = 0;
            failures[i] = null;
            if (wantsToken[i]) {
                if (!dropped[i]) {
                    verify(i, row);
                }
                row += 1 + proposedCount[i];
                chosen += chosenCount[i];
            }
        }
        return this;
    }

    @Override
    public boolean canRunAhead() {
        return false;
    }

    @Override
    public boolean canRunAhead(final StepSequence sequence) {
        return false;
    }

    private void pool() {
        int from = 0;
        for (int i = 0; i < count; i++) {
            for (int row = 0; row < pooledRows[i]; row++) {
                if (!dropped[i]) {
                    sequences[i].pool().add(states, from);
                }
                from += model.hiddenSize();
            }
        }
    }

    /** Chooses row after row for as long as the choice is what the next row assumed. */
    private void verify(final int index, final int firstRow) {
        final StepSequence sequence = sequences[index];
        for (int i = 0; i <= proposedCount[index]; i++) {
            final int place = chosenFrom[index] + i;
            final boolean goesOn;
            try {
                goesOn = choose(sequence, (firstRow + i) * model.vocabularySize(), place);
            } catch (final SpillwayException e) {
                failures[index] = e; // this row only: the others are sound
                return;
            }
            chosenCount[index]++;
            if (!goesOn || i == proposedCount[index] || tokens[place] != proposed[index][i]) {
                return;
            }
            acceptedCount[index]++;
        }
    }

    private boolean choose(final StepSequence sequence, final int from, final int place) {
        tokens[place] = sampler.sample(
            logits, from, sequence.sampling(), sequence.history(), sequence.outputPosition(), allowed(sequence.constraint()));
        logprobs[place] = sequence.sampling().wantsLogprobs()
            ? Logprobs.of(logits, from, model.vocabularySize(), tokens[place], sequence.sampling().topLogprobs()) : null;
        return sequence.take(tokens[place]);
    }

    /** @return tokens that may come next; null when all may */
    private long[] allowed(final TokenConstraint constraint) {
        if (constraint == null) {
            return null;
        }
        constraint.fillMask(mask);
        return mask;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public int rows() {
        return batch.rowCount() + pooled.rowCount();
    }

    @Override
    public int chosenCount(final int index) {
        return chosenCount[index];
    }

    @Override
    public int chosen(final int index, final int i) {
        return tokens[chosenFrom[index] + i];
    }

    @Override
    public TokenLogprob logprob(final int index, final int i) {
        return logprobs[chosenFrom[index] + i];
    }

    @Override
    public int accepted(final int index) {
        return acceptedCount[index];
    }

    @Override
    public SpillwayException failure(final int index) {
        return failures[index];
    }
}
