package io.spillway.node.cuda.model;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.SamplingRow;
import io.spillway.node.model.StepBatch;
import io.spillway.node.runner.StepOutcomes;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.runner.StepSequence;
import java.util.Arrays;

/**
 * One step between being added to and being awaited: its rows, whose they are, and what became of them. Two of them take turns. Single writer:
 * the engine thread.
 */
final class Flight implements StepOutcomes {
    final StepBatch batch;
    final StepBatch pooled;             // rows whose hidden states are wanted
    final StepSequence[] sequences;     // [sequencesMax]
    final Object[] owners;              // [sequencesMax], of the batch's sequences
    final Object[] pooledOwners;        // [sequencesMax], of the pooled ones
    final boolean[] wantsToken;         // [sequencesMax]
    final boolean[] isAhead;            // [sequencesMax]
    final boolean[] isDropped;          // [sequencesMax]
    final boolean[] isChosenOnDevice;   // [sequencesMax]
    final SamplingRow.Places[] places;  // [sequencesMax]: memory of a choice on the device; null: none
    final int[] firstWanted;            // [sequencesMax]: its first row among the wanted ones
    final int[] pooledRows;             // [sequencesMax]: rows whose hidden states it gathers
    final int[][] proposed;             // [sequencesMax][≥ proposedCount], borrowed
    final int[] proposedCount;          // [sequencesMax]
    private final int[] chosenFrom;             // [sequencesMax], place of its first token in tokens
    private final int[] chosenCount;            // [sequencesMax]
    private final int[] acceptedCount;          // [sequencesMax]
    private final SpillwayException[] failures; // [sequencesMax], null: none
    private final int[] tokens;                 // [rowsMax]
    private final TokenLogprob[] logprobs;      // [rowsMax], of tokens; null: not asked for
    int count;
    int wantedCount;
    StepShape.Output output = StepShape.Output.LOGITS;
    Device.Mark mark;                           // behind all that it reads back
    private int chosen;

    Flight(final StepRunner.Limits limits) {
        final int sequencesMax = limits.sequencesMax();
        batch = new StepBatch(limits.rowsMax(), sequencesMax);
        pooled = new StepBatch(limits.rowsMax(), sequencesMax);
        sequences = new StepSequence[sequencesMax];
        owners = new Object[sequencesMax];
        pooledOwners = new Object[sequencesMax];
        wantsToken = new boolean[sequencesMax];
        isAhead = new boolean[sequencesMax];
        isDropped = new boolean[sequencesMax];
        isChosenOnDevice = new boolean[sequencesMax];
        places = new SamplingRow.Places[sequencesMax];
        firstWanted = new int[sequencesMax];
        pooledRows = new int[sequencesMax];
        proposed = new int[sequencesMax][];
        proposedCount = new int[sequencesMax];
        chosenFrom = new int[sequencesMax];
        chosenCount = new int[sequencesMax];
        acceptedCount = new int[sequencesMax];
        failures = new SpillwayException[sequencesMax];
        tokens = new int[limits.rowsMax()];
        logprobs = new TokenLogprob[limits.rowsMax()];
    }

    void clear() {
        batch.clear();
        pooled.clear();
        Arrays.fill(sequences, null);
        Arrays.fill(owners, null);
        Arrays.fill(pooledOwners, null);
        Arrays.fill(proposed, null);
        Arrays.fill(isDropped, false);
        Arrays.fill(isAhead, false);
        Arrays.fill(isChosenOnDevice, false);
        Arrays.fill(places, null);
        output = StepShape.Output.LOGITS;
        Arrays.fill(wantsToken, false);
        Arrays.fill(pooledRows, 0);
        Arrays.fill(proposedCount, 0);
        count = 0;
        wantedCount = 0;
        mark = null;
    }

    /** Forgets what became of the sequences. */
    void beginOutcomes() {
        Arrays.fill(chosenCount, 0);
        Arrays.fill(acceptedCount, 0);
        Arrays.fill(failures, null);
        chosen = 0;
    }

    /** The outcomes told from now on are that sequence's. */
    void beginOutcome(final int index) {
        chosenFrom[index] = chosen;
    }

    void choose(final int index, final int token, final TokenLogprob logprob) {
        tokens[chosen] = token;
        logprobs[chosen++] = logprob;
        chosenCount[index]++;
    }

    void accept(final int index) {
        acceptedCount[index]++;
    }

    void fail(final int index, final SpillwayException failure) {
        failures[index] = failure;
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
