package io.spillway.gateway.chat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.time.NanoClock;
import java.util.Optional;

/** Times one request for the observer. Owned by the thread that runs the call. */
final class CallTimes {
    private final ModelId model;
    private final ChatObserver observer;
    private final NanoClock clock;
    private final long startNanos;
    private final long[] lastTokenNanos;
    private final boolean[] begun;

    CallTimes(final ModelId model, final ChatObserver observer, final NanoClock clock, final int choices) {
        this.model = model;
        this.observer = observer;
        this.clock = clock;
        this.startNanos = clock.nanoTime();
        this.lastTokenNanos = new long[choices];
        this.begun = new boolean[choices];
    }

    void onTokens(final int choice, final int tokens) {
        final long nowNanos = clock.nanoTime();
        if (begun[choice]) {
            observer.onNextTokens(model, tokens, (nowNanos - lastTokenNanos[choice]) / tokens);
        } else {
            begun[choice] = true;
            observer.onFirstToken(model, nowNanos - startNanos);
        }
        lastTokenNanos[choice] = nowNanos;
    }

    void onEnd(final ChatUsage usage, final Optional<ErrorCode> failure) {
        observer.onEnd(model, usage, failure, clock.nanoTime() - startNanos);
    }
}
