package io.spillway.node.sampling;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.SamplingParams;
import java.util.Map;

/**
 * Chooses tokens. In this order: mask, logit bias, repetition penalty, presence and frequency penalties; then greedy
 * takes the largest logit; otherwise temperature, min-p, top-k, typical-p, top-p and one draw with the random number of
 * (seed, position).
 *
 * <p>Ties go to the lowest token id; −0.0 equals 0.0. Sums run in double in a fixed order, or over whole numbers, and no operation differs
 * between machines, so that every one gets the same bits. A NaN or +∞ among the logits that the mask leaves, or nothing
 * but −∞, is the model's failure: {@link ErrorCode#INTERNAL}.
 *
 * <p>Not thread-safe: holds scratch rows for one vocabulary. Paths without bias and penalties allocate nothing.
 */
public final class Sampler {
    private static final long ALL = -1L;

    private final float[] adjusted; // [vocabulary]
    private final Filter filter;

    /** @param vocabularySize length of a row of logits */
    public Sampler(final int vocabularySize) {
        adjusted = new float[vocabularySize];
        filter = new Filter(vocabularySize);
    }

    /** {@link #sample(float[], int, SamplingParams, TokenHistory, long, long[])} without a mask. */
    public int sample(
        final float[] logits, final int from, final SamplingParams params, final TokenHistory history,
        final long position) {
        return sample(logits, from, params, history, position, null);
    }

    /**
     * @param logits   the row begins at {@code from}; only read
     * @param params   of the request
     * @param history  of the sequence; only read
     * @param position output position, from 0
     * @param mask     tokens that may be chosen, as {@link TokenConstraint#fillMask} writes it; null = all
     * @return the token id
     */
    public int sample(
        final float[] logits, final int from, final SamplingParams params, final TokenHistory history,
        final long position, final long[] mask) {
        final int length = adjusted.length;
        final boolean isPlain = params.logitBias().isEmpty() && !history.countsAnything();
        if (params.greedy() && isPlain) {
            return mask == null ? largest(logits, from, length) : largestAllowed(logits, from, length, mask);
        }
        System.arraycopy(logits, from, adjusted, 0, length);
        if (mask != null) {
            forbid(mask);
        }
        // Checked before anything is added: a penalty must not hide what the model did wrong.
        int best = largest(adjusted, 0, length);
        if (!isPlain) {
            adjust(params, history);
            best = largest(adjusted, 0, length);
        }
        if (params.greedy()) {
            return best;
        }
        return filter.draw(adjusted, adjusted[best], params, CounterRandom.uniform(params.seed(), position));
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

    /** The same among the tokens that a mask allows; words of all or no tokens are fast. */
    private static int largestAllowed(final float[] logits, final int from, final int length, final long[] mask) {
        int best = 0;
        float bestLogit = Float.NEGATIVE_INFINITY;
        boolean hasNaN = false;
        for (int word = 0; word < TokenConstraint.maskWords(length); word++) {
            final int first = word << 6;
            for (long left = mask[word]; left != 0;) {
                final int bit = Long.numberOfTrailingZeros(left);
                // A run of allowed tokens is walked without looking at the mask.
                final int run = Long.numberOfTrailingZeros(~(left >>> bit));
                final int end = Math.min(length, first + bit + run);
                for (int token = first + bit; token < end; token++) {
                    final float logit = logits[from + token];
                    hasNaN |= logit != logit;
                    if (logit > bestLogit) {
                        best = token;
                        bestLogit = logit;
                    }
                }
                left = bit + run >= Long.SIZE ? 0 : left & ALL << bit + run;
            }
        }
        checkLargest(bestLogit, hasNaN);
        return best;
    }

    private static void checkLargest(final float largest, final boolean hasNaN) {
        if (hasNaN || Float.isInfinite(largest)) {
            throw new SpillwayException(
                ErrorCode.INTERNAL, "the model's logits are not numbers a token can be chosen by");
        }
    }

    private void forbid(final long[] mask) {
        for (int word = 0; word < TokenConstraint.maskWords(adjusted.length); word++) {
            final int end = Math.min(adjusted.length - (word << 6), Long.SIZE);
            for (long left = ~mask[word]; left != 0; left &= left - 1) {
                final int bit = Long.numberOfTrailingZeros(left);
                if (bit >= end) {
                    break;
                }
                adjusted[(word << 6) + bit] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private void adjust(final SamplingParams params, final TokenHistory history) {
        for (final Map.Entry<Integer, Float> bias : params.logitBias().entrySet()) {
            final int token = bias.getKey();
            adjusted[token] = finite(adjusted[token] + bias.getValue());
        }
        if (params.repetitionPenalty() != 1f) {
            history.penalizeRepeated(adjusted, params.repetitionPenalty());
        }
        if (params.presencePenalty() != 0f || params.frequencyPenalty() != 0f) {
            final float presence = params.presencePenalty();
            final float frequency = params.frequencyPenalty();
            history.outputCounts().forEach((token, count) ->
                adjusted[token] = finite(adjusted[token] - presence - frequency * count));
        }
    }

    /**
     * An extreme parameter makes a token certain or hopeless, never a NaN further down. −∞ stays: the model or the mask
     * forbids it.
     */
    static float finite(final float logit) {
        return logit == Float.NEGATIVE_INFINITY ? logit : Math.clamp(logit, -Float.MAX_VALUE, Float.MAX_VALUE);
    }
}
