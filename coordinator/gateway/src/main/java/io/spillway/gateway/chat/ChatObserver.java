package io.spillway.gateway.chat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import java.util.Optional;

/** Port: told what requests do, for metrics. Any thread; must not block or throw. */
public interface ChatObserver {
    /** Observes nothing. */
    ChatObserver NONE = new ChatObserver() {
        @Override
        public void onFirstToken(final ModelId model, final long ttftNanos) {
        }

        @Override
        public void onNextTokens(final ModelId model, final int tokens, final long nanosPerToken) {
        }

        @Override
        public void onOverflow(final ModelId model) {
        }

        @Override
        public void onEnd(final ModelId model, final ChatUsage usage, final Optional<ErrorCode> failure, final long nanos) {
        }
    };

    /** @return one that tells both */
    static ChatObserver both(final ChatObserver first, final ChatObserver second) {
        return new ChatObserver() {
            @Override
            public void onFirstToken(final ModelId model, final long ttftNanos) {
                first.onFirstToken(model, ttftNanos);
                second.onFirstToken(model, ttftNanos);
            }

            @Override
            public void onNextTokens(final ModelId model, final int tokens, final long nanosPerToken) {
                first.onNextTokens(model, tokens, nanosPerToken);
                second.onNextTokens(model, tokens, nanosPerToken);
            }

            @Override
            public void onOverflow(final ModelId model) {
                first.onOverflow(model);
                second.onOverflow(model);
            }

            @Override
            public void onEnd(final ModelId model, final ChatUsage usage, final Optional<ErrorCode> failure, final long nanos) {
                first.onEnd(model, usage, failure, nanos);
                second.onEnd(model, usage, failure, nanos);
            }
        };
    }

    /** The first output token of a choice. */
    void onFirstToken(ModelId model, long ttftNanos);

    /** Later tokens of a choice, and the time each took. */
    void onNextTokens(ModelId model, int tokens, long nanosPerToken);

    /** So many events of a request waited for its listener that the request was ended. */
    void onOverflow(ModelId model);

    /** A request ended; {@code failure} is empty when it completed. */
    void onEnd(ModelId model, ChatUsage usage, Optional<ErrorCode> failure, long nanos);
}
