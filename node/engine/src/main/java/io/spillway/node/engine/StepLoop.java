package io.spillway.node.engine;

import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.domain.time.NanoClock;
import io.spillway.node.kvcache.DeviceBlocks;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.kvcache.WriteBehind;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.scheduler.StepPlan;
import io.spillway.node.scheduler.StepPolicy;
import io.spillway.node.speculation.SpeculationCounts;
import io.spillway.node.speculation.Speculator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One step of the sequences on the device: plan, make room, compute, publish, emit. Single writer: the engine thread.
 */
final class StepLoop {
    private static final int NO_GUESS = -1;

    private final Roster roster;
    private final KvCache cache;
    private final WriteBehind writeBehind;
    private final StepRunner runner;
    private final LoadMeter meter;
    private final Tally tally;
    private final NanoClock clock;
    private final EngineConfig config;
    private final StepPlan plan = new StepPlan();
    private final List<Sequence> stepped = new ArrayList<>();
    private final Set<BlockHash> claimed = new HashSet<>(); // asked, never iterated
    private final TailSharing tails;
    private final Speculator speculator;
    private final int[] stepTokens; // [runningMax], of stepped
    private final int[] guessEntry; // [runningMax], of stepped; NO_GUESS for those that do not decode
    private final long[] stepsByDuration = new long[StepTotals.BUCKETS];
    private long sequences;
    private long decodeRows;
    private long guessedRows;
    private long acceptedRows;
    private long stepNanos;

    /** What the engine's other parts give to this one. */
    record Context(
        Roster roster, KvCache cache, WriteBehind writeBehind, LoadMeter meter, Tally tally, Speculator speculator) {
    }

    StepLoop(final EngineConfig config, final StepRunner runner, final NanoClock clock, final Context context) {
        this.config = config;
        this.runner = runner;
        this.clock = clock;
        roster = context.roster();
        cache = context.cache();
        writeBehind = context.writeBehind();
        meter = context.meter();
        tally = context.tally();
        speculator = context.speculator();
        tails = new TailSharing(cache, config.blockTokens());
        stepTokens = new int[config.runningMax()];
        guessEntry = new int[config.runningMax()];
    }

    SpeculationCounts speculationCounts() {
        return speculator.counts();
    }

    StepTotals stepTotals() {
        return new StepTotals(tally.steps, sequences, tally.prefillTokens, decodeRows, guessedRows, acceptedRows, stepNanos,
            Arrays.stream(stepsByDuration).boxed().toList());
    }

    /** @return sequences that moved: computed or were sent back to the queue */
    int step(final long nowNanos) {
        final List<Sequence> active = roster.active();
        speculator.sweep();
        if (active.isEmpty()) {
            return 0;
        }
        shareWork(active);
        final StepPolicy policy = roster.policy();
        final int stepBlocks = active.size() + config.stepTokensMax() / config.blockTokens();
        writeBehind.yieldFor(Math.min(policy.wantedBlocks(active), stepBlocks));
        policy.plan(active, cache.blocks().allocatable(), plan);
        final int preemptedCount = roster.preempt(plan, nowNanos);
        assemble(active);
        if (stepped.isEmpty()) {
            return preemptedCount;
        }
        if (compute()) {
            for (int i = 0; i < stepped.size(); i++) {
                settle(i);
            }
        }
        roster.sweep(clock.nanoTime());
        return stepped.size() + preemptedCount;
    }

    /**
     * Lets every prefill take what has been published since its last step. Of those that would compute the same block
     * next, the oldest does; the others wait for it: a prompt that many requests begin with is computed once.
     */
    private void shareWork(final List<Sequence> active) {
        claimed.clear();
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            if (sequence.phase() != Sequence.Phase.RUNNING || sequence.computesAll()) {
                continue;
            }
            roster.extend(sequence);
            final int next = sequence.table().published();
            final boolean fillsBlock = (next + 1) * config.blockTokens() <= sequence.knownTokens();
            sequence.defer(sequence.pendingTokens() > 1 && fillsBlock
                && !claimed.add(sequence.hashOf(next, config.blockTokens())));
        }
        tails.share(active);
    }

    private void assemble(final List<Sequence> active) {
        runner.begin();
        stepped.clear();
        int rows = 0;
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            final int tokens = plan.tokens(i);
            // The plan's count of blocks is a lower bound; should it ever be too high, the sequence waits a step.
            if (tokens > 0 && cache.grow(sequence.table(), sequence.computedTokens() + tokens)) {
                stepTokens[stepped.size()] = tokens;
                stepped.add(sequence);
                rows += tokens;
            }
        }
        guess(rows, active.size());
        for (int i = 0; i < stepped.size(); i++) {
            if (guessEntry[i] == NO_GUESS) {
                runner.add(stepped.get(i), stepTokens[i]);
            } else {
                runner.add(stepped.get(i), stepTokens[i], speculator.tokens(guessEntry[i]), speculator.count(guessEntry[i]));
            }
        }
    }

    /** Lets those that decode guess ahead, with what the plan has left of the step's rows and of the device's blocks. */
    private void guess(final int rows, final int activeCount) {
        speculator.begin(rows, config.stepTokensMax() - rows);
        for (int i = 0; i < stepped.size(); i++) {
            final Sequence sequence = stepped.get(i);
            guessEntry[i] = sequence.pendingTokens() > 1 || sequence.pool() != null ? NO_GUESS
                : speculator.offer(sequence, sequence.outputTokensLeft() - 1);
        }
        speculator.propose();
        for (int i = 0; i < stepped.size(); i++) {
            if (guessEntry[i] != NO_GUESS) {
                fit(stepped.get(i), guessEntry[i], activeCount);
            }
        }
    }

    /** A guess takes a further block only while there is one left for everybody else on the device. */
    private void fit(final Sequence sequence, final int entry, final int activeCount) {
        final int tokens = sequence.computedTokens() + 1 + speculator.count(entry);
        final int missing = Math.ceilDiv(tokens, config.blockTokens()) - sequence.heldBlocks();
        final boolean hasRoom = missing <= 0
            || missing + activeCount <= cache.blocks().allocatable() && cache.grow(sequence.table(), tokens);
        if (!hasRoom) {
            final int room = sequence.heldBlocks() * config.blockTokens() - sequence.computedTokens() - 1;
            speculator.shorten(entry, Math.max(0, room));
        }
    }

    /** @return whether there are outcomes; otherwise the sequences of the step have failed */
    private boolean compute() {
        int prefillRows = 0;
        for (int i = 0; i < stepped.size(); i++) {
            prefillRows += stepped.get(i).pendingTokens() > 1 ? stepTokens[i] : 0;
        }
        final long startNanos = clock.nanoTime();
        try {
            runner.run();
        } catch (final RuntimeException e) {
            for (final Sequence sequence : stepped) {
                roster.failAndForget(sequence, "the model failed: " + e, clock.nanoTime());
            }
            return false;
        }
        count(prefillRows, clock.nanoTime() - startNanos);
        return true;
    }

    private void count(final int prefillRows, final long nanos) {
        int guessed = 0;
        int decoding = 0;
        for (int i = 0; i < stepped.size(); i++) {
            guessed += guessEntry[i] == NO_GUESS ? 0 : speculator.count(guessEntry[i]);
            decoding += guessEntry[i] == NO_GUESS ? 0 : 1;
        }
        meter.onStep(runner.rows(), prefillRows, nanos);
        speculator.stepTook(runner.rows(), guessed, prefillRows, nanos);
        tally.steps++;
        tally.prefillTokens += prefillRows;
        sequences += stepped.size();
        decodeRows += decoding;
        guessedRows += guessed;
        stepNanos += nanos;
        stepsByDuration[StepTotals.bucketOf(nanos)]++;
    }

    private void settle(final int index) {
        final Sequence sequence = stepped.get(index);
        roster.served(sequence, stepTokens[index]);
        if (guessEntry[index] != NO_GUESS) {
            speculator.settle(guessEntry[index], runner, index);
            acceptedRows += runner.accepted(index);
        }
        final boolean isSound = runner.failure(index) == null;
        if (isSound) {
            sequence.computedUpTo(sequence.computedTokens() + stepTokens[index] + runner.accepted(index));
            publishFullBlocks(sequence);
        }
        if (runner.chosenCount(index) > 0 && !emit(sequence, index)) {
            return; // it has ended; its blocks are swept
        }
        if (!isSound) {
            roster.failAndForget(sequence, runner.failure(index).getMessage(), clock.nanoTime());
        } else if (sequence.isEmbedded()) {
            roster.finishEmbedded(sequence, clock.nanoTime());
        } else if (sequence.stopped()) {
            roster.finish(sequence, FinishReason.STOP, clock.nanoTime());
        } else if (sequence.outputIsFull()) {
            roster.finish(sequence, FinishReason.LENGTH, clock.nanoTime());
        }
    }

    private void publishFullBlocks(final Sequence sequence) {
        final int fullBlocks = sequence.computedTokens() / config.blockTokens();
        for (int i = sequence.table().published(); i < fullBlocks; i++) {
            final int block =
                cache.publish(sequence.table(), sequence.hashOf(i, config.blockTokens()), sequence.parentOf(i));
            if (block != DeviceBlocks.NONE) {
                writeBehind.offer(block, clock.nanoTime());
            }
        }
    }

    /** Tells the listener what was chosen. @return false: it failed, and the sequence with it */
    private boolean emit(final Sequence sequence, final int index) {
        sequence.sources().settle(sequence.request().knownTokens());
        final int count = runner.chosenCount(index) - (sequence.stopped() ? 1 : 0);
        if (count == 0) {
            return true;
        }
        final int[] tokens = new int[count];
        final List<TokenLogprob> logprobs = new ArrayList<>(sequence.sampling().wantsLogprobs() ? count : 0);
        for (int i = 0; i < count; i++) {
            tokens[i] = runner.chosen(index, i);
            if (runner.logprob(index, i) != null) {
                logprobs.add(runner.logprob(index, i));
            }
        }
        tally.outputTokens += count;
        return roster.emitOrEnd(
            sequence, new GenerationEvent.TokenDelta(sequence.outputTokens() - count, tokens, logprobs));
    }
}
