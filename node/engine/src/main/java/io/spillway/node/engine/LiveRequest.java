package io.spillway.node.engine;

import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.node.sampling.TokenConstraint;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A request that was accepted and has not ended. The one object of a request that several threads touch: whoever wins
 * {@link #end} delivers the last event, so that there is exactly one.
 */
final class LiveRequest {
    private final GenerationRequest request;
    private final TokenConstraint constraint; // the engine thread's
    private final Consumer<GenerationEvent> listener;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean cancelled;

    /** @param constraint of the output, behind what is emitted already; handed over; null: none */
    LiveRequest(
        final GenerationRequest request, final TokenConstraint constraint, final Consumer<GenerationEvent> listener) {
        this.request = request;
        this.constraint = constraint;
        this.listener = listener;
    }

    GenerationRequest request() {
        return request;
    }

    TokenConstraint constraint() {
        return constraint;
    }

    Consumer<GenerationEvent> listener() {
        return listener;
    }

    /** Any thread; the engine thread sees it before its next step. */
    void cancel() {
        cancelled = true;
    }

    boolean cancelled() {
        return cancelled;
    }

    /** @return whether the caller is the one who ends it */
    boolean end() {
        return ended.compareAndSet(false, true);
    }

    boolean hasEnded() {
        return ended.get();
    }
}
