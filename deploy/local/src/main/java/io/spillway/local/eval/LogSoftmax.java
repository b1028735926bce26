package io.spillway.local.eval;

/** Logarithms of probabilities, in double precision. Stateless. */
final class LogSoftmax {
    private LogSoftmax() {
    }

    /** @return ln of the probability that {@code logits[at … at + vocabulary)} give to {@code token} */
    static double at(final float[] logits, final int at, final int vocabulary, final int token) {
        return logits[at + token] - logSum(logits, at, vocabulary);
    }

    /** @return ln Σ e^logit */
    static double logSum(final float[] logits, final int at, final int vocabulary) {
        float greatest = Float.NEGATIVE_INFINITY;
        for (int i = at; i < at + vocabulary; i++) {
            greatest = Math.max(greatest, logits[i]);
        }
        double sum = 0;
        for (int i = at; i < at + vocabulary; i++) {
            sum += Math.exp(logits[i] - greatest);
        }
        return greatest + Math.log(sum);
    }
}
