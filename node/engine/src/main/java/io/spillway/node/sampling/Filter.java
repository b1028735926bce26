package io.spillway.node.sampling;

import io.spillway.domain.request.SamplingParams;

/**
 * Keeps the tokens that temperature, min-p, top-k, typical-p and top-p leave, in this order, and draws one. Scratch memory
 * of one {@link Sampler}.
 *
 * <p>A token's weight is {@code exp((logit − largest) / temperature)}; 0 = dropped. No step sorts the vocabulary: {@link
 * TopTokens} and {@link MassCut} find the place of a cut. Top-k in truth comes before min-p: both keep the likeliest, so
 * their order does not matter, and everything behind top-k has only k tokens to look at. The draw runs over the kept
 * tokens in the order of token ids.
 */
final class Filter {
    private final int vocabularySize;
    private final double[] levels;    // [vocabulary], largest logit − logit: 0 for the likeliest
    private final double[] weights;   // [vocabulary]
    private final double[] distances; // [vocabulary], of a token's surprise from the expected one
    private final TopTokens top;
    private final MassCut cut;
    private int count;                // candidates; behind top-k: those of it, in the order of token ids

    Filter(final int vocabularySize) {
        this.vocabularySize = vocabularySize;
        levels = new double[vocabularySize];
        weights = new double[vocabularySize];
        distances = new double[vocabularySize];
        top = new TopTokens(vocabularySize);
        cut = new MassCut(vocabularySize);
    }

    /**
     * @param logits  one per token, no NaN, no +∞
     * @param largest of them; finite
     * @param uniform in [0, 1)
     * @return the token id
     */
    int draw(final float[] logits, final float largest, final SamplingParams params, final double uniform) {
        final double inverse = 1.0 / params.temperature();
        Softmax.levels(logits, 0, largest, levels, vocabularySize);
        count = vocabularySize;
        final boolean isTopK = params.topK() > 0 && params.topK() < vocabularySize;
        if (isTopK) {
            count = params.topK();
            top.find(levels, count);
            for (int i = 0; i < count; i++) {
                levels[i] = levels[top.token(i)]; // tokens ascend: nothing is overwritten that is still to be read
            }
        }
        Softmax.weights(levels, -inverse, weights, count);
        if (params.minP() > 0) {
            dropBelow(params.minP());
        }
        if (params.typicalP() < 1f) {
            typical(inverse, params.typicalP());
        }
        if (params.topP() < 1f) {
            cut.keep(levels, inverse, weights, count, params.topP());
        }
        final int picked = pick(uniform * Softmax.sum(weights, count));
        return isTopK ? top.token(picked) : picked;
    }

    /** The largest weight is exactly 1, so min-p compares with itself. It never drops the largest. */
    private void dropBelow(final float least) {
        for (int i = 0; i < count; i++) {
            weights[i] = weights[i] >= least ? weights[i] : 0;
        }
    }

    /** Locally typical sampling (Meister et al., 2022): surprise is −ln p, the expected one is the entropy. */
    private void typical(final double inverse, final float share) {
        final double total = Softmax.sum(weights, count);
        for (int i = 0; i < count; i++) {
            distances[i] = weights[i] > 0 ? weights[i] * levels[i] * inverse : 0;
        }
        // Surprise is level / temperature + ln total, and so is its mean: ln total cancels out of every distance.
        final double expected = Softmax.sum(distances, count) / total;
        for (int i = 0; i < count; i++) {
            distances[i] = Math.abs(levels[i] * inverse - expected);
        }
        cut.keep(distances, 1.0, weights, count, share);
    }

    /** @return the first at which the running sum of weights exceeds {@code target}; if rounding hides it, the last kept */
    private int pick(final double target) {
        double sum = 0;
        int lastKept = 0;
        for (int from = 0; from < count; from += Softmax.BLOCK_TOKENS) {
            final int to = Math.min(count, from + Softmax.BLOCK_TOKENS);
            final double block = Softmax.blockSum(weights, from, to);
            if (block > 0) {
                lastKept = lastKept(from, to);
                if (sum + block > target) {
                    return pickIn(from, lastKept, target - sum);
                }
                sum += block;
            }
        }
        return lastKept;
    }

    private int pickIn(final int from, final int lastKept, final double target) {
        double sum = 0;
        for (int i = from; i < lastKept; i++) {
            sum += weights[i];
            if (sum > target) {
                return i;
            }
        }
        return lastKept;
    }

    private int lastKept(final int from, final int to) {
        int last = to - 1;
        while (last > from && weights[last] == 0) {
            last--;
        }
        return last;
    }
}
