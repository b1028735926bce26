package io.spillway.local.eval;

import java.util.ArrayList;
import java.util.List;

/** The most likely tokens of one position. Stateless. */
public final class TopLogits {
    private TopLogits() {
    }

    /** @param logprob logarithm of its probability among all tokens */
    public record Entry(int token, float logit, double logprob) { }

    /** @return the {@code count} greatest of {@code logits[at … at + vocabulary)}, greatest first; of equal ones the lower token first */
    public static List<Entry> of(final float[] logits, final int at, final int vocabulary, final int count) {
        final int[] best = new int[Math.min(count, vocabulary)];
        int taken = 0;
        for (int token = 0; token < vocabulary; token++) {
            if (taken < best.length || best.length > 0 && logits[at + token] > logits[at + best[taken - 1]]) {
                int i = taken < best.length ? taken++ : taken - 1;
                for (; i > 0 && logits[at + token] > logits[at + best[i - 1]]; i--) {
                    best[i] = best[i - 1];
                }
                best[i] = token;
            }
        }
        final double sum = LogSoftmax.logSum(logits, at, vocabulary);
        final List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < taken; i++) {
            entries.add(new Entry(best[i], logits[at + best[i]], logits[at + best[i]] - sum));
        }
        return entries;
    }
}
