package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.node.kvcache.DeviceBlocks;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.scheduler.StepPlan;
import io.spillway.node.scheduler.StepPolicy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Which sequences wait and which are on the device. Both lists are in order of arrival and everything active is older
 * than everything that waits: the youngest go first when blocks run out, and come back first. Single writer: the engine
 * thread.
 */
final class Roster {
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
    private final List<Sequence> active = new ArrayList<>();
    private final KvCache cache;
    private final EngineConfig config;
    private final StepPolicy policy;
    private final Emitter emitter;
    private final Tally tally;

    Roster(final KvCache cache, final EngineConfig config, final Emitter emitter, final Tally tally) {
        this.cache = cache;
        this.config = config;
        this.emitter = emitter;
        this.tally = tally;
        policy = new StepPolicy(config.stepTokensMax(), config.blockTokens());
    }

    /** @return sequences on the device, the oldest first */
    List<Sequence> active() {
        return active;
    }

    StepPolicy policy() {
        return policy;
    }

    int waitingCount() {
        return waiting.size();
    }

    void enqueue(final Sequence sequence) {
        int found = 0;
        while (found < sequence.chain().size()
            && cache.blocks().find(sequence.chain().get(found)) != DeviceBlocks.NONE) {
            found++;
        }
        sequence.expectFound(found * config.blockTokens());
        waiting.addLast(sequence);
    }

    /** @return the next sequence, now on the device with the prefix it found there; null when none can begin yet */
    Sequence admitNext(final long nowNanos) {
        final Sequence next = waiting.peekFirst();
        if (next == null || active.size() >= config.runningMax()) {
            return null;
        }
        next.hashFullBlocks(config.blockTokens());
        matchFullBlocks(next);
        final int missing = Math.ceilDiv(next.knownTokens(), config.blockTokens()) - next.heldBlocks();
        if (!policy.admits(active, missing, cache.blocks().allocatable())) {
            giveBack(next, nowNanos);
            next.requeue();
            return null;
        }
        waiting.removeFirst();
        active.add(next);
        return next;
    }

    /** Takes what the device holds by now; from here on the sequence computes. */
    void run(final Sequence sequence) {
        extend(sequence);
        sequence.enter(Sequence.Phase.RUNNING);
        if (sequence.markStarted()) {
            final int knownTokens = sequence.request().knownTokens();
            emitOrEnd(sequence, new GenerationEvent.Started(sequence.sources().sources(knownTokens)));
        }
    }

    /** Finds further blocks of the sequence on the device, published since it last looked; skips computing them. */
    void extend(final Sequence sequence) {
        if (sequence.table().count() != sequence.table().published() || sequence.pendingTokens() <= 1) {
            return;
        }
        matchFullBlocks(sequence);
        final int blockTokens = config.blockTokens();
        final int last = sequence.heldBlocks();
        final boolean endsWithBlock = (last + 1) * blockTokens == sequence.knownTokens();
        if (endsWithBlock && blockTokens > 1
            && cache.appendCopy(sequence.table(), sequence.hashOf(last, blockTokens))) {
            sequence.sources().found(last, blockTokens - 1);
            sequence.computedUpTo(sequence.knownTokens() - 1);
        }
    }

    private void matchFullBlocks(final Sequence sequence) {
        final int blockTokens = config.blockTokens();
        final int before = sequence.heldBlocks();
        // The last known token is always computed: its logits choose the next one.
        cache.match(sequence.table(), sequence.chain(), (sequence.knownTokens() - 1) / blockTokens);
        for (int block = before; block < sequence.heldBlocks(); block++) {
            sequence.sources().found(block, blockTokens);
        }
        sequence.computedUpTo(sequence.table().published() * blockTokens);
    }

    /** Sends the youngest back to the queue, as planned. */
    int preempt(final StepPlan plan, final long nowNanos) {
        int count = 0;
        while (active.size() > plan.keptCount()) {
            final Sequence youngest = active.removeLast();
            giveBack(youngest, nowNanos);
            youngest.requeue();
            waiting.addFirst(youngest);
            tally.preemptions++;
            count++;
        }
        return count;
    }

    void finish(final Sequence sequence, final FinishReason reason, final long nowNanos) {
        giveBack(sequence, nowNanos);
        emitter.finish(sequence, reason);
    }

    void fail(final Sequence sequence, final ErrorCode code, final String detail, final long nowNanos) {
        giveBack(sequence, nowNanos);
        emitter.fail(sequence.live(), code, detail);
    }

    /** Fails a sequence whose blocks may hold anything: what only it uses is forgotten. */
    void failAndForget(final Sequence sequence, final String detail, final long nowNanos) {
        cache.discard(sequence.table(), nowNanos);
        emitter.fail(sequence.live(), ErrorCode.INTERNAL, detail);
    }

    /**
     * @return whether the listener took the event; otherwise the sequence has ended, its blocks are still to be swept
     */
    boolean emitOrEnd(final Sequence sequence, final GenerationEvent event) {
        final boolean isTaken = emitter.emit(sequence.live(), event);
        if (!isTaken) {
            emitter.fail(sequence.live(), ErrorCode.CANCELLED, "the receiver of this request's events failed");
        }
        return isTaken;
    }

    /** Ends all sequences that match. @return how many */
    int endAll(
        final Predicate<Sequence> which, final ErrorCode code, final String detail, final long nowNanos) {
        int count = 0;
        for (final Sequence sequence : active) {
            if (which.test(sequence)) {
                fail(sequence, code, detail, nowNanos);
                count++;
            }
        }
        for (final Sequence sequence : waiting) {
            if (which.test(sequence)) {
                fail(sequence, code, detail, nowNanos);
                count++;
            }
        }
        sweep(nowNanos);
        return count;
    }

    /** Forgets sequences that have ended. */
    void sweep(final long nowNanos) {
        for (int i = active.size() - 1; i >= 0; i--) {
            if (active.get(i).live().hasEnded()) {
                giveBack(active.remove(i), nowNanos);
            }
        }
        waiting.removeIf(sequence -> sequence.live().hasEnded());
    }

    /**
     * @return known tokens that wait to be computed, of all sequences here; what a waiting one will find does not count
     */
    int pendingPrefillTokens() {
        long tokens = 0;
        for (final Sequence sequence : waiting) {
            tokens += sequence.expectedPrefillTokens();
        }
        for (final Sequence sequence : active) {
            tokens += sequence.pendingTokens() > 1 ? sequence.pendingTokens() : 0;
        }
        return (int) Math.min(tokens, Integer.MAX_VALUE);
    }

    private void giveBack(final Sequence sequence, final long nowNanos) {
        cache.release(sequence.table(), nowNanos);
    }
}
