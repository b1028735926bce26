package io.spillway.coordinator.dispatch;

import io.spillway.coordinator.placement.Estimate;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.PrefillSources;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A request on one node. Receives the node's events on any thread and passes them to the inbox; the rest is the owner's. */
public final class Attempt implements Consumer<GenerationEvent> {
    private final Flight flight;
    private final MemberKey member;
    private final Estimate estimate;
    private final long launchedNanos;
    private final NodeInbox inbox;
    /** Written by any thread: an event of this attempt was dropped, so nothing behind it may be believed. */
    private final AtomicBoolean overflowed = new AtomicBoolean();
    private NodePort.Call call;
    private long lastEventNanos;
    private boolean begun;
    private PrefillSources sources = PrefillSources.NONE;

    Attempt(final Flight flight, final MemberKey member, final Estimate estimate, final NodeInbox inbox, final long nowNanos) {
        this.flight = flight;
        this.member = member;
        this.estimate = estimate;
        this.inbox = inbox;
        this.launchedNanos = nowNanos;
        this.lastEventNanos = nowNanos;
    }

    @Override
    public void accept(final GenerationEvent event) {
        if (!overflowed.get() && !inbox.offer(this, event) && overflowed.compareAndSet(false, true)) {
            inbox.overflow(this);
        }
    }

    /** @return where it runs */
    public MemberKey member() {
        return member;
    }

    /** @return what was expected of it when it was placed */
    public Estimate estimate() {
        return estimate;
    }

    /** @return when it was sent */
    public long launchedNanos() {
        return launchedNanos;
    }

    /** @return whether the node has begun on it: from then on its load report speaks for it. Owner thread */
    public boolean begun() {
        return begun;
    }

    /** @return where the KV of its known tokens came from, once the node has said so. Owner thread */
    public PrefillSources sources() {
        return sources;
    }

    /** What the node says first counts. */
    void onSources(final PrefillSources told) {
        if (sources == PrefillSources.NONE) {
            sources = told;
        }
    }

    Flight flight() {
        return flight;
    }

    void onCall(final NodePort.Call newCall) {
        call = newCall;
    }

    void onEvent(final long nowNanos) {
        lastEventNanos = nowNanos;
        begun = true;
    }

    boolean silent(final long silenceMaxNanos, final long nowNanos) {
        return nowNanos - lastEventNanos > silenceMaxNanos;
    }

    void cancel() {
        if (call != null) {
            call.cancel();
        }
    }
}
