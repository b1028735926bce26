package io.spillway.node.sampling;

import io.spillway.domain.request.TokenLogprob;
import java.util.ArrayList;
import java.util.List;

/**
 * Natural-log probabilities of a row of logits as the model gave them: before bias, penalties, temperature and filters.
 * Log-softmax in double, summed in the order of token ids with {@link StrictMath}. Stateless.
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
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + length; i++) {
            largest = Math.max(largest, logits[i]);
        }
        double sum = 0;
        for (int i = from; i < from + length; i++) {
            sum += StrictMath.exp((double) logits[i] - largest);
        }
        return largest + StrictMath.log(sum);
    }

    /** Insertion into a short sorted list: {@code count} is at most 20. Equal logits keep the order of token ids. */
    private static int[] likeliest(final float[] logits, final int from, final int length, final int count) {
        final int[] tokens = new int[count];
        int size = 0;
        for (int token = 0; token < length; token++) {
            final float logit = logits[from + token];
            if (size == count && (count == 0 || !(logit > logits[from + tokens[size - 1]]))) {
                continue;
            }
            int slot = size < count ? size++ : size - 1;
            for (; slot > 0 && logit > logits[from + tokens[slot - 1]]; slot--) {
                tokens[slot] = tokens[slot - 1];
            }
            tokens[slot] = token;
        }
        return tokens;
    }
}
