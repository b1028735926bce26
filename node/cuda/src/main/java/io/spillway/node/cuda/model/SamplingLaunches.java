package io.spillway.node.cuda.model;

import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.SamplingCall;
import io.spillway.node.cuda.SamplingMemory;

/**
 * The choice of tokens on the device, from logits that stand in the buffers. The token of a sequence is left at its slot, from where the next step
 * takes it before the host knows it. Thread: the engine's.
 */
final class SamplingLaunches {
    /** Rows of a step whose logits may be changed: by a mask or biases, or that keep very many best tokens. */
    static final int SCRATCH_ROWS = 64;
    /** Biases of a step. */
    static final int BIASES_MAX = 64 * 300;

    private final Buffers buffers;
    private final boolean isPossible;
    private final SamplingMemory memory;
    private final SamplingCall.Extras extras;
    private final long tokens;         // [wanted] ints
    private final long tokenOfSlot;    // [slots] ints
    private final long positionOfSlot; // [slots] ints, which nobody reads
    private final Logprobs logprobs;

    /** Addresses of what {@link SamplingCall.ListLogprobs} writes. */
    record Logprobs(long chosen, long topCounts, long topTokens, long topLogprobs) { }

    /** @param wantedMax rows whose tokens a step chooses @param slots of sequences */
    SamplingLaunches(final Buffers buffers, final int vocabulary, final int wantedMax, final int slots) {
        this.buffers = buffers;
        isPossible = vocabulary <= SamplingMemory.VOCABULARY_MAX;
        tokens = buffers.allocate((long) Integer.BYTES * wantedMax);
        tokenOfSlot = buffers.allocate((long) Integer.BYTES * slots);
        positionOfSlot = buffers.allocate((long) Integer.BYTES * slots);
        if (!isPossible) {
            memory = null;
            extras = SamplingCall.Extras.NONE;
            logprobs = null;
            return;
        }
        memory = SamplingMemory.at(buffers.allocate(SamplingMemory.bytes(wantedMax, SCRATCH_ROWS, vocabulary)), wantedMax, SCRATCH_ROWS, vocabulary);
        extras = new SamplingCall.Extras(buffers.allocate((long) Long.BYTES * SCRATCH_ROWS * maskWords(vocabulary)),
            buffers.allocate((long) Integer.BYTES * BIASES_MAX), buffers.allocate((long) Float.BYTES * BIASES_MAX), 0, 0);
        final long listed = (long) wantedMax * SamplingCall.TOP_LOGPROBS_MAX;
        logprobs = new Logprobs(buffers.allocate((long) Float.BYTES * wantedMax), buffers.allocate((long) Integer.BYTES * wantedMax),
            buffers.allocate(Integer.BYTES * listed), buffers.allocate(Float.BYTES * listed));
    }

    static int maskWords(final int vocabulary) {
        return Math.ceilDiv(vocabulary, Long.SIZE);
    }

    /** @return whether the device can choose from so many tokens */
    boolean isPossible() {
        return isPossible;
    }

    SamplingCall.Extras extras() {
        return extras;
    }

    /** @return where the tokens stand, [wanted] ints */
    long tokens() {
        return tokens;
    }

    Logprobs logprobs() {
        return logprobs;
    }

    /** Puts the tokens that the step before has chosen where this one looks for them. */
    void takeTokens(final StepShape step, final StepInputs inputs, final KernelLauncher launcher) {
        if (step.hasAhead()) {
            launcher.launch(new RowCall.TakeTokens(inputs.tokens(), inputs.sequences(), tokenOfSlot, step.rows()).launch());
        }
    }

    /** Chooses for the wanted rows. */
    void launch(final StepShape step, final StepInputs inputs, final KernelLauncher launcher) {
        if (!step.output().isChosen()) {
            return;
        }
        final SamplingCall.Rows rows = new SamplingCall.Rows(buffers.logits, inputs.sampling(), step.wanted());
        launcher.launch(new SamplingCall.Scan(rows, extras, memory).launch());
        if (step.output() != StepShape.Output.GREEDY) {
            launcher.launch(new SamplingCall.Weigh(rows, memory).launch());
        }
        launcher.launch(new SamplingCall.Choose(rows, extras, memory, tokens, tokenOfSlot, positionOfSlot).launch());
        if (step.output() == StepShape.Output.WITH_LOGPROBS) {
            launcher.launch(new SamplingCall.ListLogprobs(rows, memory, tokens, logprobs.chosen(), logprobs.topCounts(), logprobs.topTokens(),
                logprobs.topLogprobs()).launch());
        }
    }
}
