package io.spillway.gateway.chat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.runs.RunStep;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Times one request for the observer. Owned by the thread that runs the call. */
final class CallTimes {
    private final ModelId model;
    private final ChatObserver observer;
    private final NanoClock clock;
    private final long startNanos;
    private final long[] lastTokenNanos;
    private final boolean[] begun;
    private long startedNanos = -1;
    private long firstTokenNanos = -1;

    CallTimes(final ModelId model, final ChatObserver observer, final NanoClock clock, final int choices) {
        this.model = model;
        this.observer = observer;
        this.clock = clock;
        this.startNanos = clock.nanoTime();
        this.lastTokenNanos = new long[choices];
        this.begun = new boolean[choices];
    }

    /** A node begins on a choice. */
    void onStarted() {
        if (startedNanos < 0) {
            startedNanos = clock.nanoTime() - startNanos;
        }
    }

    void onTokens(final int choice, final int tokens) {
        final long nowNanos = clock.nanoTime();
        if (begun[choice]) {
            observer.onNextTokens(model, tokens, (nowNanos - lastTokenNanos[choice]) / tokens);
        } else {
            begun[choice] = true;
            if (firstTokenNanos < 0) {
                firstTokenNanos = nowNanos - startNanos;
            }
            observer.onFirstToken(model, nowNanos - startNanos);
        }
        lastTokenNanos[choice] = nowNanos;
    }

    /** @return how long the request waited for its first choice's beginning, and for its first token */
    RunStep.Phases phases() {
        return new RunStep.Phases(millis(startedNanos), millis(firstTokenNanos));
    }

    private static long millis(final long nanos) {
        return nanos < 0 ? -1 : TimeUnit.NANOSECONDS.toMillis(nanos);
    }

    void onEnd(final ChatUsage usage, final Optional<ErrorCode> failure) {
        observer.onEnd(model, usage, failure, clock.nanoTime() - startNanos);
    }
}
