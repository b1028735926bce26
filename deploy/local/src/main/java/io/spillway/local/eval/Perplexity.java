package io.spillway.local.eval;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.node.model.LanguageModel;
import java.util.OptionalInt;

/**
 * How well a model predicts a text: e to the mean negative log likelihood of its tokens. Lower is better; a model that knows
 * nothing has its vocabulary's size.
 */
public final class Perplexity {
    private Perplexity() {
    }

    /**
     * Which tokens are predicted from which. Windows of tokens are computed by themselves, each from position 0 on.
     *
     * @param tokens       length of a window
     * @param strideTokens from the begin of a window to the begin of the next, at most {@code tokens}
     * @param contextLeast a token is predicted from this many others at least, 1 or more
     * @param partialLast  whether a last window that is shorter counts too
     */
    public record Windows(int tokens, int strideTokens, int contextLeast, boolean partialLast) {
        /** The least window with a token to predict. */
        public static final int TOKENS_MIN = 4;

        public Windows {
            if (tokens < TOKENS_MIN || strideTokens < 1 || strideTokens > tokens || contextLeast < 1 || contextLeast >= tokens) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "window", "windows of " + tokens + " tokens, " + strideTokens
                    + " apart, that predict from " + contextLeast + " on, are impossible");
            }
        }

        /**
         * The usual measure of llama.cpp's perplexity tool: windows side by side, of each the second half predicted, whole
         * windows only.
         */
        public static Windows halves(final int tokens) {
            return new Windows(tokens, tokens, tokens / 2 + 1, false);
        }

        /** Every token but the first is predicted, from at least {@code tokens − strideTokens} others where there are so many. */
        public static Windows strided(final int tokens, final int strideTokens) {
            return new Windows(tokens, strideTokens, 1, true);
        }

        /** @return the first position of a window that is predicted */
        int firstPredicted(final int begin) {
            return begin == 0 ? contextLeast : Math.max(contextLeast, tokens - strideTokens);
        }
    }

    /**
     * @param windows    which tokens are predicted from which
     * @param stepTokens most tokens of one step: the result does not depend on it
     * @param element    how keys and values are kept
     * @param begin      a token that replaces the first of each window (the model's BOS, where it wants one); empty: none
     */
    public record Options(Windows windows, int stepTokens, KvElement element, OptionalInt begin) {
        private static final int STEP_TOKENS_DEFAULT = 256;

        /** @return windows of 512, of each the second half predicted, keys and values as F32 */
        public static Options defaults() {
            return new Options(Windows.halves(512), STEP_TOKENS_DEFAULT, KvElement.F32, OptionalInt.empty());
        }

        /** @return the same with another element */
        public Options with(final KvElement other) {
            return new Options(windows, stepTokens, other, begin);
        }

        /** @return the same with other windows */
        public Options with(final Windows other) {
            return new Options(other, stepTokens, element, begin);
        }

        /** @return the same with a begin of every window */
        public Options beginningWith(final OptionalInt token) {
            return new Options(windows, stepTokens, element, token);
        }
    }

    /**
     * @param nll             mean negative log likelihood per token, in nats
     * @param perplexity      e^nll
     * @param standardError   of {@code perplexity}, from the spread of the tokens' likelihoods
     * @param predictedTokens tokens that were predicted
     * @param computedTokens  tokens that were computed
     */
    public record Result(double nll, double perplexity, double standardError, long predictedTokens, long computedTokens) { }

    /**
     * Computes on the calling thread.
     *
     * @param tokens a text of at least one whole window, or two tokens where partial windows count
     * @throws SpillwayException INVALID_VALUE when there is nothing to predict, CONTEXT_LENGTH_EXCEEDED when windows are too long
     */
    public static Result of(final LanguageModel model, final int[] tokens, final Options options) {
        final Windows windows = options.windows();
        final Sums sums = new Sums(model.vocabularySize());
        final int longest = Math.min(windows.tokens(), tokens.length);
        if (longest < (windows.partialLast() ? 2 : windows.tokens())) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "tokens", tokens.length + " tokens are no text to measure on; windows have " + windows.tokens());
        }
        for (final int token : tokens) {
            if (token < 0 || token >= model.vocabularySize()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "tokens", "token " + token + " is outside the vocabulary of " + model.vocabularySize());
            }
        }
        try (EvalSequence sequence = new EvalSequence(model, longest, options.stepTokens(), options.element())) {
            int begin = 0;
            while (begin == 0 || begin + windows.tokens() - windows.strideTokens() < tokens.length) {
                final int count = Math.min(windows.tokens(), tokens.length - begin);
                if (count < windows.tokens() && !windows.partialLast()) {
                    break;
                }
                window(sequence, tokens, begin, count, options, sums);
                begin += windows.strideTokens();
            }
        }
        return sums.result();
    }

    private static void window(final EvalSequence sequence, final int[] tokens, final int begin, final int count,
            final Options options, final Sums sums) {
        final int[] window = java.util.Arrays.copyOfRange(tokens, begin, begin + count);
        options.begin().ifPresent(token -> window[0] = token);
        final int first = options.windows().firstPredicted(begin);
        sequence.run(window, count - 1, first - 1, (position, logits, at) -> sums.add(logits, at, window[position + 1]));
        sums.computed += count;
    }

    /** Sums in progress. */
    private static final class Sums {
        private final int vocabulary;
        private double sum;
        private double squares;
        private long predicted;
        private long computed;

        private Sums(final int vocabulary) {
            this.vocabulary = vocabulary;
        }

        private void add(final float[] logits, final int at, final int token) {
            final double nll = -LogSoftmax.at(logits, at, vocabulary, token);
            sum += nll;
            squares += nll * nll;
            predicted++;
        }

        private Result result() {
            final double mean = sum / predicted;
            final double variance = squares / predicted - mean * mean;
            final double error = predicted > 1 && variance > 0 ? Math.sqrt(variance / (predicted - 1)) : 0;
            return new Result(mean, Math.exp(mean), Math.exp(mean) * error, predicted, computed);
        }
    }
}
