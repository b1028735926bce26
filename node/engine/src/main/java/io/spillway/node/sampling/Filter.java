package io.spillway.node.sampling;

import io.spillway.domain.request.SamplingParams;
import java.util.Arrays;

/**
 * Keeps the tokens that temperature, min-p, top-k and top-p leave, and draws one. Scratch memory of one {@link
 * Sampler}.
 *
 * <p>A token's weight is {@code exp((logit − largest) / temperature)}. Below {@code e^−60} it counts as 0: all of them
 * together could not be drawn once in 10²⁰ requests, and most of a vocabulary need not be exponentiated.
 * The draw runs over candidates in the order of token ids, or, where top-k or top-p cut, in the order of likelihood.
 */
final class Filter {
    private static final double EXPONENT_MIN = -60;

    private final double[] weights; // [vocabulary], of token
    private final long[] keys;      // [vocabulary], candidates: sortable by likelihood descending, then token id
    private int count;

    Filter(final int vocabularySize) {
        weights = new double[vocabularySize];
        keys = new long[vocabularySize];
    }

    /**
     * @param logits  one per token, no NaN, no +∞, at least one finite
     * @param uniform in [0, 1)
     * @return the token id
     */
    int draw(final float[] logits, final SamplingParams params, final double uniform) {
        weigh(logits, params);
        final boolean isTopK = params.topK() > 0 && params.topK() < count;
        final boolean isTopP = params.topP() < 1f;
        if (isTopK) {
            Arrays.sort(keys, 0, count);
            count = params.topK();
            count = isTopP ? nucleus(params.topP() * total()) : count;
        } else if (isTopP) {
            final double enough = params.topP() * total();
            dropTail(1.0 - params.topP());
            Arrays.sort(keys, 0, count);
            count = nucleus(enough);
        }
        return pick(uniform);
    }

    /** Candidates in the order of token ids: those with a weight that min-p leaves. */
    private void weigh(final float[] logits, final SamplingParams params) {
        float largest = Float.NEGATIVE_INFINITY;
        for (final float logit : logits) {
            largest = Math.max(largest, logit);
        }
        count = 0;
        for (int token = 0; token < logits.length; token++) {
            final double exponent = ((double) logits[token] - largest) / params.temperature();
            final double weight = exponent < EXPONENT_MIN ? 0 : StrictMath.exp(exponent);
            weights[token] = weight;
            // The largest weight is exactly 1, so min-p compares with itself. It never drops the largest.
            if (weight > 0 && weight >= params.minP()) {
                keys[count++] = key(logits[token], token);
            }
        }
    }

    /**
     * Drops tokens that cannot be in the smallest set that reaches top-p: those under {@code outside / count} of the
     * mass have less than {@code outside} together. Saves sorting the tail. Half that bound, to be safe from rounding.
     */
    private void dropTail(final double outside) {
        final double floor = total() * outside / (2.0 * count);
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (weights[token(keys[i])] >= floor) {
                keys[kept++] = keys[i];
            }
        }
        count = kept;
    }

    /** @return how many leading candidates, at least one, weigh {@code enough} together */
    private int nucleus(final double enough) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[token(keys[i])];
            if (sum >= enough) {
                return i + 1;
            }
        }
        return count;
    }

    private int pick(final double uniform) {
        final double target = uniform * total();
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[token(keys[i])];
            if (sum > target) {
                return token(keys[i]);
            }
        }
        return token(keys[count - 1]);
    }

    private double total() {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[token(keys[i])];
        }
        return sum;
    }

    /** Ascending keys: logit descending, then token id ascending. */
    private static long key(final float logit, final int token) {
        final int bits = Float.floatToIntBits(logit + 0f); // + 0f: one zero
        final int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
        return (long) ~ascending << 32 | token;
    }

    private static int token(final long key) {
        return (int) key;
    }
}
