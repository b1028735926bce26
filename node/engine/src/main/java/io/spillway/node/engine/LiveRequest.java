package io.spillway.node.engine;

import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A request that was accepted and has not ended. The one object of a request that several threads touch: whoever wins
 * {@link #end} delivers the last event, so that there is exactly one.
 */
final class LiveRequest {
    private final GenerationRequest request;
    private final Consumer<GenerationEvent> listener;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean cancelled;

    LiveRequest(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        this.request = request;
        this.listener = listener;
    }

    GenerationRequest request() {
        return request;
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
