package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Retention;
import io.spillway.node.kvcache.DeviceBlocks;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.scheduler.FairShare;
import io.spillway.node.scheduler.FairTicket;
import io.spillway.node.scheduler.OutputForecast;
import io.spillway.node.scheduler.Rank;
import io.spillway.node.scheduler.StepPlan;
import io.spillway.node.scheduler.StepPolicy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Which sequences wait and which are on the device. Those that have not begun stand in a {@link FairShare}; from then on a
 * sequence has its {@link Rank}, and keeps it when it is sent back. Single writer: the engine thread.
 */
final class Roster {
    private final FairShare<Sequence> fairShare = new FairShare<>();
    private final List<Sequence> waiting = new ArrayList<>(); // not begun, in order of arrival
    private final TreeSet<Sequence> sentBack = new TreeSet<>(Comparator.comparing(Sequence::rank));
    private final List<Sequence> active = new ArrayList<>();
    private final KvCache cache;
    private final EngineConfig config;
    private final StepPolicy policy;
    private final OutputForecast forecast;
    private final Emitter emitter;
    private final Tally tally;

    Roster(final Sequence.Surroundings surroundings, final Emitter emitter, final Tally tally) {
        cache = surroundings.cache();
        config = surroundings.config();
        forecast = surroundings.forecast();
        this.emitter = emitter;
        this.tally = tally;
        policy = new StepPolicy(config.stepTokensMax(), config.blockTokens());
    }

    /** @return sequences on the device, the first in rank first */
    List<Sequence> active() {
        return active;
    }

    StepPolicy policy() {
        return policy;
    }

    int waitingCount() {
        return waiting.size() + sentBack.size();
    }

    void enqueue(final Sequence sequence) {
        int found = 0;
        while (!sequence.computesAll() && found < sequence.chain().size()
            && cache.blocks().find(sequence.chain().get(found)) != DeviceBlocks.NONE) {
            found++;
        }
        sequence.expectFound(found * config.blockTokens());
        final GenerationRequest request = sequence.request();
        final long costTokens = sequence.expectedPrefillTokens()
            + forecast.moreTokens(sequence.outputTokens(), sequence.outputTokensLeft());
        sequence.queuedAs(
            fairShare.arrive(request.tenant(), request.run(), request.priority(), costTokens, sequence));
        waiting.add(sequence);
    }

    /** Notes tokens computed for a sequence. */
    void served(final Sequence sequence, final int tokens) {
        fairShare.served(sequence.ticket(), tokens);
    }

    /** @return the next sequence, now on the device with the prefix it found there; null when none can begin yet */
    Sequence admitNext(final long nowNanos) {
        final boolean isFull = active.size() >= config.runningMax();
        final Sequence next = next(isFull ? active.getLast().rank().priority() : Integer.MIN_VALUE);
        if (next == null) {
            return null;
        }
        next.hashFullBlocks(config.blockTokens());
        matchFullBlocks(next);
        final int leaving = policy.admits(active, config.runningMax(), next, cache.blocks().allocatable());
        if (leaving == StepPolicy.NONE) {
            giveBack(next, nowNanos);
            next.requeue();
            return null;
        }
        for (int i = 0; i < leaving; i++) {
            sendBack(active.removeLast(), nowNanos);
        }
        if (!sentBack.remove(next)) {
            waiting.remove(next);
            next.rankedAs(fairShare.begin(next.ticket()));
        }
        activate(next);
        return next;
    }

    /**
     * @param priorityMin nobody begins whose priority is not above it: asked every cycle, so ranks and blocks need not be looked for
     * @return the first in rank of those that wait; null when none may begin
     */
    private Sequence next(final int priorityMin) {
        final FairTicket<Sequence> ticket = fairShare.first();
        final Sequence back = sentBack.isEmpty() ? null : sentBack.first();
        if (ticket == null || ticket.priority() <= priorityMin) {
            return back == null || back.rank().priority() <= priorityMin ? null : back;
        }
        final Rank rank = fairShare.rank(ticket);
        if (back != null && back.rank().compareTo(rank) < 0) {
            return back.rank().priority() <= priorityMin ? null : back;
        }
        ticket.item().rankedAs(rank);
        return ticket.item();
    }

    private void activate(final Sequence next) {
        int place = active.size();
        while (place > 0 && next.rank().compareTo(active.get(place - 1).rank()) < 0) {
            place--;
        }
        active.add(place, next);
    }

    private void sendBack(final Sequence sequence, final long nowNanos) {
        giveBack(sequence, nowNanos);
        sequence.requeue();
        sentBack.add(sequence);
        tally.preemptions++;
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
        if (sequence.table().count() != sequence.table().published() || sequence.pendingTokens() <= 1
            || sequence.computesAll()) {
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
        if (sequence.computesAll()) {
            return;
        }
        final int before = sequence.heldBlocks();
        // The last known token is always computed: its logits choose the next one.
        cache.match(sequence.table(), sequence.chain(), (sequence.knownTokens() - 1) / blockTokens);
        for (int block = before; block < sequence.heldBlocks(); block++) {
            sequence.sources().found(block, blockTokens);
        }
        sequence.computedUpTo(sequence.table().published() * blockTokens);
    }

    /** Sends sequences back to the queue, as planned; the plan speaks of those that stay then. */
    int preempt(final StepPlan plan, final long nowNanos) {
        if (plan.keptCount() == active.size()) {
            return 0;
        }
        final int before = active.size();
        for (int i = before - 1; i >= 0; i--) {
            if (plan.preempts(i)) {
                sendBack(active.remove(i), nowNanos);
            }
        }
        plan.dropPreempted();
        return before - active.size();
    }

    void finish(final Sequence sequence, final FinishReason reason, final long nowNanos) {
        keepAndGiveBack(sequence, nowNanos);
        if (sequence.pool() == null) {
            forecast.ended(sequence.outputTokens());
        }
        emitter.finish(sequence, reason);
    }

    /** Delivers the vector and ends the sequence. */
    void finishEmbedded(final Sequence sequence, final long nowNanos) {
        sequence.sources().settle(sequence.knownTokens());
        try {
            if (emitOrEnd(sequence, new GenerationEvent.Embedded(sequence.pool().vector()))) {
                finish(sequence, FinishReason.STOP, nowNanos);
            }
        } catch (final SpillwayException e) {
            fail(sequence, e.code(), e.getMessage(), nowNanos);
        }
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
        for (final Sequence sequence : sentBack) {
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
                final Sequence ended = active.remove(i);
                keepAndGiveBack(ended, nowNanos);
                fairShare.end(ended.ticket());
            }
        }
        if (!waiting.isEmpty()) {
            waiting.removeIf(this::hasLeft);
        }
        if (!sentBack.isEmpty()) {
            sentBack.removeIf(this::hasLeft);
        }
    }

    private boolean hasLeft(final Sequence sequence) {
        if (sequence.live().hasEnded()) {
            fairShare.end(sequence.ticket());
            return true;
        }
        return false;
    }

    /**
     * @return known tokens that wait to be computed, of all sequences here; what a waiting one will find does not count
     */
    int pendingPrefillTokens() {
        long tokens = 0;
        for (final Sequence sequence : waiting) {
            tokens += sequence.expectedPrefillTokens();
        }
        for (final Sequence sequence : sentBack) {
            tokens += sequence.expectedPrefillTokens();
        }
        for (final Sequence sequence : active) {
            tokens += sequence.pendingTokens() > 1 ? sequence.pendingTokens() : 0;
        }
        return (int) Math.min(tokens, Integer.MAX_VALUE);
    }

    /** The request is over; who was cancelled may come back, too. */
    private void keepAndGiveBack(final Sequence sequence, final long nowNanos) {
        for (final Retention retention : sequence.request().retentions()) {
            final long untilNanos = nowNanos + TimeUnit.MILLISECONDS.toNanos(retention.ttlMillis());
            cache.keep(sequence.table(), retention.tokens(), untilNanos, nowNanos);
        }
        giveBack(sequence, nowNanos);
    }

    private void giveBack(final Sequence sequence, final long nowNanos) {
        cache.release(sequence.table(), nowNanos);
    }
}
