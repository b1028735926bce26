package io.spillway.node.engine;

import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.domain.time.NanoClock;
import io.spillway.node.kvcache.DeviceBlocks;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.kvcache.WriteBehind;
import io.spillway.node.runner.StepOutcomes;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.scheduler.StepPlan;
import io.spillway.node.scheduler.StepPolicy;
import io.spillway.node.speculation.SpeculationCounts;
import io.spillway.node.speculation.Speculator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps of the sequences on the device: plan, make room, compute, publish, emit. A runner that can run ahead is given step n + 1 while it computes
 * step n; the tokens that n chooses go into n + 1 on the device. Where n + 1 needs what only the outcome of n tells (a constraint's next mask, guesses,
 * blocks that somebody must give up), it waits for that. Either way a cycle waits for one step at most.
 *
 * <p>Single writer: the engine thread.
 */
final class StepLoop {
    private final Roster roster;
    private final KvCache cache;
    private final WriteBehind writeBehind;
    private final StepRunner runner;
    private final LoadMeter meter;
    private final Tally tally;
    private final NanoClock clock;
    private final EngineConfig config;
    private final StepPlan plan = new StepPlan();
    private final WorkSharing sharing;
    private final Speculator speculator;
    private final StepTally steps;
    private final ArrayDeque<StepInFlight> spares = new ArrayDeque<>();
    private StepInFlight submitted; // null: none is under way
    private long lastEndNanos;

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
        sharing = new WorkSharing(roster, cache, config.blockTokens());
        steps = new StepTally(context.tally());
        spares.add(new StepInFlight(config.runningMax()));
        spares.add(new StepInFlight(config.runningMax()));
        lastEndNanos = clock.nanoTime();
    }

    SpeculationCounts speculationCounts() {
        return speculator.counts();
    }

    StepTotals stepTotals() {
        return steps.totals();
    }

    /** @return sequences that moved: began to compute, have computed, or were sent back to the queue */
    int step(final long nowNanos) {
        speculator.sweep();
        if (submitted == null) {
            return begin(nowNanos);
        }
        final StepInFlight ended = submitted;
        submitted = mayRunAhead() ? runAhead(nowNanos) : null;
        end(ended);
        return ended.count();
    }

    /** Waits for the step that is under way, if there is one; its sequences have all ended. */
    void finish() {
        if (submitted != null) {
            final StepInFlight ended = submitted;
            submitted = null;
            end(ended);
        }
    }

    private int begin(final long nowNanos) {
        final List<Sequence> active = roster.active();
        if (active.isEmpty()) {
            return 0;
        }
        plan(active);
        final int preemptedCount = roster.preempt(plan, nowNanos);
        final StepInFlight step = taken();
        assemble(active, step);
        final int moved = step.count() + preemptedCount;
        if (step.count() == 0 || !submit(step)) {
            spares.addLast(step);
            roster.sweep(clock.nanoTime());
        } else if (runner.canRunAhead()) {
            submitted = step;
        } else {
            end(step);
        }
        return moved;
    }

    private void plan(final List<Sequence> active) {
        sharing.share(active);
        final StepPolicy policy = roster.policy();
        final int stepBlocks = active.size() + config.stepTokensMax() / config.blockTokens();
        writeBehind.yieldFor(Math.min(policy.wantedBlocks(active), stepBlocks));
        policy.plan(active, cache.blocks().allocatable(), plan);
    }

    /** @return whether the step under way leaves nothing open that the next one needs to know, but tokens that the device knows */
    private boolean mayRunAhead() {
        if (!runner.canRunAhead() || submitted.guessedRows() > 0 || !speculator.mayRunAhead()) {
            return false;
        }
        for (int i = 0; i < submitted.count(); i++) {
            final Sequence sequence = submitted.sequence(i);
            final boolean follows = submitted.isAwaited(i) && sequence.isChoosing() && sequence.goesOn();
            if (follows && (sequence.constraint() != null || !runner.canRunAhead(sequence))) {
                return false;
            }
        }
        return true;
    }

    /** Submits the next step while one is under way. @return null: there is nothing to compute, or somebody must make room first */
    private StepInFlight runAhead(final long nowNanos) {
        final List<Sequence> active = roster.active();
        if (active.isEmpty()) {
            return null;
        }
        plan(active);
        if (plan.keptCount() < active.size()) {
            return null;
        }
        final StepInFlight step = taken();
        runner.begin();
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            if (plan.tokens(i) > 0 && cache.grow(sequence.table(), sequence.computedTokens() + plan.tokens(i))) {
                addAhead(step, sequence, plan.tokens(i));
            }
        }
        if (step.count() == 0 || !submit(step)) {
            spares.addLast(step);
            return null;
        }
        speculator.ranAhead();
        return step;
    }

    private void addAhead(final StepInFlight step, final Sequence sequence, final int tokens) {
        if (sequence.isChoosing()) {
            runner.addAhead(sequence, sequence.stepIndex());
        } else {
            runner.add(sequence, tokens);
        }
        step.add(sequence, tokens);
        step.given(step.count() - 1);
    }

    private StepInFlight taken() {
        final StepInFlight step = spares.removeFirst();
        step.clear();
        return step;
    }

    private void assemble(final List<Sequence> active, final StepInFlight step) {
        runner.begin();
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            final int tokens = plan.tokens(i);
            // The plan's count of blocks is a lower bound; should it ever be too high, the sequence waits a step.
            if (tokens > 0 && cache.grow(sequence.table(), sequence.computedTokens() + tokens)) {
                step.add(sequence, tokens);
            }
        }
        guess(step, active.size());
        for (int i = 0; i < step.count(); i++) {
            final Sequence sequence = step.sequence(i);
            final int entry = step.guessEntry(i);
            if (entry == StepInFlight.NO_GUESS) {
                runner.add(sequence, step.tokens(i));
            } else {
                runner.add(sequence, step.tokens(i), speculator.tokens(entry), speculator.count(entry));
                step.guessedRows(speculator.count(entry));
            }
            step.given(i);
        }
    }

    /** Lets those that decode guess ahead, with what the plan has left of the step's rows and of the device's blocks. */
    private void guess(final StepInFlight step, final int activeCount) {
        speculator.begin(step.rows(), config.stepTokensMax() - step.rows());
        for (int i = 0; i < step.count(); i++) {
            final Sequence sequence = step.sequence(i);
            if (sequence.pendingTokens() <= 1 && sequence.pool() == null) {
                step.guesses(i, speculator.offer(sequence, sequence.outputTokensLeft() - 1));
            }
        }
        speculator.propose();
        for (int i = 0; i < step.count(); i++) {
            if (step.guessEntry(i) != StepInFlight.NO_GUESS) {
                fit(step.sequence(i), step.guessEntry(i), activeCount);
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

    /** @return whether it is under way; otherwise its sequences have failed */
    private boolean submit(final StepInFlight step) {
        step.submittedAt(clock.nanoTime());
        try {
            runner.submit();
        } catch (final RuntimeException e) {
            fail(step, e);
            return false;
        }
        cache.stepSubmitted();
        return true;
    }

    private void fail(final StepInFlight step, final RuntimeException e) {
        for (int i = 0; i < step.count(); i++) {
            if (step.isAwaited(i)) {
                roster.failAndForget(step.sequence(i), "the model failed: " + e, clock.nanoTime());
            }
        }
    }

    /** Waits for the step that was submitted first, and settles it. */
    private void end(final StepInFlight step) {
        for (int i = 0; i < step.count(); i++) {
            if (!step.isAwaited(i)) {
                runner.drop(i);
            }
        }
        final StepOutcomes outcomes = await(step);
        cache.stepEnded();
        for (int i = 0; outcomes != null && i < step.count(); i++) {
            if (step.isAwaited(i)) {
                settle(step, outcomes, i);
            }
        }
        spares.addLast(step);
        roster.sweep(clock.nanoTime());
    }

    /** @return null: its sequences have failed */
    private StepOutcomes await(final StepInFlight step) {
        final StepOutcomes outcomes;
        try {
            outcomes = runner.await();
        } catch (final RuntimeException e) {
            fail(step, e);
            return null;
        }
        final long endNanos = clock.nanoTime();
        // A step that was submitted while another was under way began when that one ended.
        final long nanos = endNanos - (step.sinceNanos() - lastEndNanos > 0 ? step.sinceNanos() : lastEndNanos);
        lastEndNanos = endNanos;
        meter.onStep(step.rows(), step.prefillRows(), nanos);
        speculator.stepTook(step.rows(), step.guessedRows(), step.prefillRows(), nanos);
        steps.ended(step, nanos);
        return outcomes;
    }

    private void settle(final StepInFlight step, final StepOutcomes outcomes, final int index) {
        final Sequence sequence = step.sequence(index);
        roster.served(sequence, step.tokens(index));
        if (step.guessEntry(index) != StepInFlight.NO_GUESS) {
            speculator.settle(step.guessEntry(index), outcomes, index);
            steps.accepted(outcomes.accepted(index));
        }
        final boolean isSound = outcomes.failure(index) == null;
        if (isSound) {
            sequence.settled(step.tokens(index), outcomes.accepted(index), step.chooses(index));
            publishFullBlocks(sequence);
        }
        if (outcomes.chosenCount(index) > 0 && !emit(sequence, outcomes, index)) {
            return; // it has ended; its blocks are swept
        }
        if (!isSound) {
            roster.failAndForget(sequence, outcomes.failure(index).getMessage(), clock.nanoTime());
        } else if (sequence.isEmbedded()) {
            roster.finishEmbedded(sequence, clock.nanoTime());
        } else if (sequence.stopped()) {
            roster.finish(sequence, FinishReason.STOP, clock.nanoTime());
        } else if (sequence.outputIsFull()) {
            roster.finish(sequence, FinishReason.LENGTH, clock.nanoTime());
        }
    }

    private void publishFullBlocks(final Sequence sequence) {
        final int fullBlocks = sequence.settledTokens() / config.blockTokens();
        for (int i = sequence.table().published(); i < fullBlocks; i++) {
            final int block =
                cache.publish(sequence.table(), sequence.hashOf(i, config.blockTokens()), sequence.parentOf(i));
            if (block != DeviceBlocks.NONE) {
                writeBehind.offer(block, clock.nanoTime());
            }
        }
    }

    /** Tells the listener what was chosen. @return false: it failed, and the sequence with it */
    private boolean emit(final Sequence sequence, final StepOutcomes outcomes, final int index) {
        sequence.sources().settle(sequence.request().knownTokens());
        final int count = outcomes.chosenCount(index) - (sequence.stopped() ? 1 : 0);
        if (count == 0) {
            return true;
        }
        final int[] tokens = new int[count];
        final List<TokenLogprob> logprobs = new ArrayList<>(sequence.sampling().wantsLogprobs() ? count : 0);
        for (int i = 0; i < count; i++) {
            tokens[i] = outcomes.chosen(index, i);
            if (outcomes.logprob(index, i) != null) {
                logprobs.add(outcomes.logprob(index, i));
            }
        }
        tally.outputTokens += count;
        return roster.emitOrEnd(
            sequence, new GenerationEvent.TokenDelta(sequence.outputTokens() - count, tokens, logprobs));
    }
}
