package io.spillway.node.engine;

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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One step of the sequences on the device: plan, make room, compute, publish, emit. Single writer: the engine thread.
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
    private final List<Sequence> stepped = new ArrayList<>();
    private final Set<BlockHash> claimed = new HashSet<>(); // asked, never iterated
    private final int[] stepTokens; // [runningMax], of stepped

    /** What the engine's other parts give to this one. */
    record Context(Roster roster, KvCache cache, WriteBehind writeBehind, LoadMeter meter, Tally tally) {
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
        stepTokens = new int[config.runningMax()];
    }

    /** @return sequences that moved: computed or were sent back to the queue */
    int step(final long nowNanos) {
        final List<Sequence> active = roster.active();
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
            if (sequence.phase() != Sequence.Phase.RUNNING) {
                continue;
            }
            roster.extend(sequence);
            final int next = sequence.table().published();
            final boolean fillsBlock = (next + 1) * config.blockTokens() <= sequence.knownTokens();
            sequence.defer(sequence.pendingTokens() > 1 && fillsBlock
                && !claimed.add(sequence.hashOf(next, config.blockTokens())));
        }
    }

    private void assemble(final List<Sequence> active) {
        runner.begin();
        stepped.clear();
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            final int tokens = plan.tokens(i);
            // The plan's count of blocks is a lower bound; should it ever be too high, the sequence waits a step.
            if (tokens > 0 && cache.grow(sequence.table(), sequence.computedTokens() + tokens)) {
                runner.add(sequence, tokens);
                stepTokens[stepped.size()] = tokens;
                stepped.add(sequence);
            }
        }
    }

    /** @return whether there are outcomes; otherwise the sequences of the step have failed */
    private boolean compute() {
        final long startNanos = clock.nanoTime();
        try {
            runner.run();
        } catch (final RuntimeException e) {
            for (final Sequence sequence : stepped) {
                roster.failAndForget(sequence, "the model failed: " + e, clock.nanoTime());
            }
            return false;
        }
        int prefillRows = 0;
        for (int i = 0; i < stepped.size(); i++) {
            prefillRows += stepped.get(i).pendingTokens() > 1 ? stepTokens[i] : 0;
        }
        meter.onStep(runner.rows(), prefillRows, clock.nanoTime() - startNanos);
        tally.steps++;
        tally.prefillTokens += prefillRows;
        return true;
    }

    private void settle(final int index) {
        final Sequence sequence = stepped.get(index);
        if (runner.failure(index) != null) {
            roster.failAndForget(sequence, runner.failure(index).getMessage(), clock.nanoTime());
            return;
        }
        sequence.computedUpTo(sequence.computedTokens() + stepTokens[index]);
        publishFullBlocks(sequence);
        if (runner.token(index) != StepRunner.NO_TOKEN) {
            onToken(sequence, runner.token(index), runner.logprob(index));
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

    private void onToken(final Sequence sequence, final int token, final TokenLogprob logprob) {
        sequence.sources().settle(sequence.request().knownTokens());
        if (sequence.stopsAt(token)) {
            roster.finish(sequence, FinishReason.STOP, clock.nanoTime());
            return;
        }
        final int index = sequence.outputTokens();
        sequence.append(token);
        tally.outputTokens++;
        final List<TokenLogprob> logprobs = logprob == null ? List.of() : List.of(logprob);
        final boolean isTaken =
            roster.emitOrEnd(sequence, new GenerationEvent.TokenDelta(index, new int[] {token}, logprobs));
        if (isTaken && sequence.outputIsFull()) {
            roster.finish(sequence, FinishReason.LENGTH, clock.nanoTime());
        }
    }
}
