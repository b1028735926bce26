package io.spillway.node.sampling;

import io.spillway.domain.request.TokenLogprob;
import java.util.ArrayList;
import java.util.List;

/**
 * Natural-log probabilities of a row of logits as the model gave them: before mask, bias, penalties, temperature and
 * filters. Log-softmax in double, summed in a fixed order. Stateless.
 */
public final class Logprobs {
    private Logprobs() {
    }

    /**
     * @param logits  row of {@code vocabularySize} from {@code from}; no NaN, no +∞
     * @param token   the chosen token
     * @param topMax  how many alternatives to list
     */
    public static TokenLogprob of(
        final float[] logits, final int from, final int vocabularySize, final int token, final int topMax) {
        final double logTotal = logTotal(logits, from, vocabularySize);
        final List<TokenLogprob.Alternative> top = new ArrayList<>(topMax);
        for (final int likely : likeliest(logits, from, vocabularySize, Math.min(topMax, vocabularySize))) {
            if (logits[from + likely] == Float.NEGATIVE_INFINITY) {
                break; // the model forbids it and all that follow: no alternatives
            }
            top.add(new TokenLogprob.Alternative(likely, (float) (logits[from + likely] - logTotal)));
        }
        return new TokenLogprob(token, (float) (logits[from + token] - logTotal), top);
    }

    private static double logTotal(final float[] logits, final int from, final int length) {
        final float largest = logits[from + Sampler.largest(logits, from, length)];
        final double[] levels = new double[Softmax.BLOCK_TOKENS];
        double sum = 0;
        for (int i = 0; i < length; i += Softmax.BLOCK_TOKENS) {
            final int count = Math.min(Softmax.BLOCK_TOKENS, length - i);
            Softmax.levels(logits, from + i, largest, levels, count);
            Softmax.weights(levels, -1.0, levels, count);
            sum += Softmax.blockSum(levels, 0, count);
        }
        return largest + StrictMath.log(sum);
    }

    /** Insertion into a short sorted list: {@code count} is at most 20. Equal logits keep the order of token ids. */
    private static int[] likeliest(final float[] logits, final int from, final int length, final int count) {
        final int[] tokens = new int[count];
        int size = 0;
        float least = Float.NEGATIVE_INFINITY; // of a full list
        for (int token = 0; token < length; token++) {
            final float logit = logits[from + token];
            if (size == count && !(logit > least)) {
                continue;
            }
            if (count == 0) {
                break;
            }
            int slot = size < count ? size++ : size - 1;
            for (; slot > 0 && logit > logits[from + tokens[slot - 1]]; slot--) {
                tokens[slot] = tokens[slot - 1];
            }
            tokens[slot] = token;
            least = logits[from + tokens[size - 1]];
        }
        return tokens;
    }
}
