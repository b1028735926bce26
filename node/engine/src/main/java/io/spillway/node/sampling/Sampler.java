package io.spillway.node.sampling;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.SamplingParams;
import java.util.Map;

/**
 * Chooses tokens. In this order: logit bias, repetition penalty, presence and frequency penalties; then greedy takes
 * the largest logit; otherwise temperature, min-p, top-k, top-p and one draw with the random number of (seed,
 * position).
 *
 * <p>Ties go to the lowest token id; −0.0 equals 0.0. Sums run in double in a fixed order, exponentials are
 * {@link StrictMath}'s, so that every machine gets the same bits. A NaN or +∞ among the logits, or nothing but −∞, is
 * the model's failure: {@link ErrorCode#INTERNAL}.
 *
 * <p>Not thread-safe: holds scratch rows for one vocabulary. The greedy path without penalties allocates nothing.
 */
public final class Sampler {
    private final float[] adjusted; // [vocabulary]
    private final Filter filter;

    /** @param vocabularySize length of a row of logits */
    public Sampler(final int vocabularySize) {
        adjusted = new float[vocabularySize];
        filter = new Filter(vocabularySize);
    }

    /**
     * @param params   of the request
     * @param history  of the sequence; only read
     * @param position output position, from 0
     * @return the token id
     */
    public int sample(
        final float[] logits, final int from, final SamplingParams params, final TokenHistory history,
        final long position) {
        final int length = adjusted.length;
        final boolean isPlain = params.logitBias().isEmpty() && !history.countsAnything();
        if (params.greedy() && isPlain) {
            return largest(logits, from, length);
        }
        System.arraycopy(logits, from, adjusted, 0, length);
        checkNumbers(adjusted, 0, length);
        if (!isPlain) {
            adjust(params, history);
        }
        if (params.greedy()) {
            return largest(adjusted, 0, length);
        }
        return filter.draw(adjusted, params, CounterRandom.uniform(params.seed(), position));
    }

    /** @return index of the largest number, the lowest of equals, counted from {@code from} */
    static int largest(final float[] logits, final int from, final int length) {
        int best = 0;
        float bestLogit = Float.NEGATIVE_INFINITY;
        boolean hasNaN = false;
        for (int token = 0; token < length; token++) {
            final float logit = logits[from + token];
            hasNaN |= logit != logit;
            if (logit > bestLogit) {
                best = token;
                bestLogit = logit;
            }
        }
        checkLargest(bestLogit, hasNaN);
        return best;
    }

    static void checkNumbers(final float[] logits, final int from, final int length) {
        float largest = Float.NEGATIVE_INFINITY;
        boolean hasNaN = false;
        for (int token = 0; token < length; token++) {
            final float logit = logits[from + token];
            hasNaN |= logit != logit;
            largest = logit > largest ? logit : largest;
        }
        checkLargest(largest, hasNaN);
    }

    private static void checkLargest(final float largest, final boolean hasNaN) {
        if (hasNaN || Float.isInfinite(largest)) {
            throw new SpillwayException(
                ErrorCode.INTERNAL, "the model's logits are not numbers a token can be chosen by");
        }
    }

    private void adjust(final SamplingParams params, final TokenHistory history) {
        for (final Map.Entry<Integer, Float> bias : params.logitBias().entrySet()) {
            final int token = bias.getKey();
            adjusted[token] = finite(adjusted[token] + bias.getValue());
        }
        if (params.repetitionPenalty() != 1f) {
            repetition(params.repetitionPenalty(), history);
        }
        if (history.countsAnything()) {
            final float presence = params.presencePenalty();
            final float frequency = params.frequencyPenalty();
            history.outputCounts().forEach((token, count) ->
                adjusted[token] = finite(adjusted[token] - presence - frequency * count));
        }
    }

    private void repetition(final float penalty, final TokenHistory history) {
        history.promptTokens().forEachInt(token -> repeat(token, penalty));
        history.outputCounts().forEach((token, count) -> {
            if (!history.promptTokens().contains(token)) {
                repeat(token, penalty);
            }
        });
    }

    private void repeat(final int token, final float penalty) {
        final float logit = adjusted[token];
        adjusted[token] = finite(logit > 0 ? logit / penalty : logit * penalty);
    }

    /**
     * An extreme parameter makes a token certain or hopeless, never a NaN further down. −∞ stays: the model forbids it.
     */
    private static float finite(final float logit) {
        return logit == Float.NEGATIVE_INFINITY ? logit : Math.clamp(logit, -Float.MAX_VALUE, Float.MAX_VALUE);
    }
}
