package io.spillway.coordinator.dispatch;

import io.spillway.domain.request.GenerationEvent.TokenDelta;
import io.spillway.domain.request.TokenLogprob;
import java.util.Arrays;
import java.util.List;

/**
 * The output tokens a listener has been given, by position. Decides what of a delta is new. Owner thread only.
 */
final class DeliveredOutput {
    private final int tokensMax;
    private int[] tokens;
    private int count;

    /** @param emitted what was delivered before this coordinator took the request over */
    DeliveredOutput(final int[] emitted, final int tokensMax) {
        this.tokens = Arrays.copyOf(emitted, Math.max(16, emitted.length));
        this.count = emitted.length;
        this.tokensMax = tokensMax;
    }

    /** What a delta brings. */
    sealed interface Step {
        /** Tokens the listener does not have; starts where the last ended. */
        record News(TokenDelta delta) implements Step {
        }

        /** Only what the listener has already. */
        record Repeat() implements Step {
        }

        /** Contradicts what was delivered, leaves a hole, or goes beyond the limit: the node is wrong. */
        record Broken(String detail) implements Step {
        }
    }

    /** Takes what is new of a delta over. */
    Step accept(final TokenDelta delta) {
        final int end = delta.firstIndex() + delta.tokens().length;
        if (delta.firstIndex() < 0 || delta.firstIndex() > count) {
            return new Step.Broken("output token " + count + " is missing: the node went on at " + delta.firstIndex());
        }
        if (end > tokensMax) {
            return new Step.Broken("the node sent output token " + (end - 1) + ", the limit is " + tokensMax + " tokens");
        }
        final int repeated = Math.min(delta.tokens().length, count - delta.firstIndex());
        for (int i = 0; i < repeated; i++) {
            if (tokens[delta.firstIndex() + i] != delta.tokens()[i]) {
                return new Step.Broken("the node repeated output token " + (delta.firstIndex() + i) + " differently");
            }
        }
        if (repeated == delta.tokens().length) {
            return new Step.Repeat();
        }
        final int[] news = Arrays.copyOfRange(delta.tokens(), repeated, delta.tokens().length);
        append(news);
        return new Step.News(repeated == 0 ? delta : new TokenDelta(count - news.length, news, tail(delta.logprobs(), repeated)));
    }

    int count() {
        return count;
    }

    boolean full() {
        return count >= tokensMax;
    }

    int[] toArray() {
        return Arrays.copyOf(tokens, count);
    }

    private void append(final int[] news) {
        if (count + news.length > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(tokens.length * 2, count + news.length));
        }
        System.arraycopy(news, 0, tokens, count, news.length);
        count += news.length;
    }

    private static List<TokenLogprob> tail(final List<TokenLogprob> logprobs, final int from) {
        return logprobs.isEmpty() ? logprobs : logprobs.subList(from, logprobs.size());
    }
}
