package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;

/**
 * What a whole request consumed: a prompt counts once however many choices it has, output counts for every choice.
 *
 * @param usage           sums over prompts (first choice of each) and outputs (all choices)
 * @param reasoningTokens of the output tokens, those of thoughts
 * @param costNanoDollars every choice priced by itself
 * @param prediction      what became of what the caller predicted
 * @param placement       why the first choice ran where it ran, for people; may be empty
 */
public record ChatUsage(Usage usage, int reasoningTokens, long costNanoDollars, Prediction prediction, String placement) {
    /** Nothing yet. */
    public static final ChatUsage NONE = new ChatUsage(new Usage(0, 0, 0, PrefillSources.NONE), 0, 0, "");

    /**
     * Tokens that the caller predicted, over all choices. Wrong ones cost nothing.
     *
     * @param acceptedTokens those that the answer says
     * @param rejectedTokens those that it does not
     */
    public record Prediction(int acceptedTokens, int rejectedTokens) {
        /** Nothing was predicted. */
        public static final Prediction NONE = new Prediction(0, 0);

        Prediction plus(final Prediction other) {
            return new Prediction(acceptedTokens + other.acceptedTokens, rejectedTokens + other.rejectedTokens);
        }
    }

    /** Nothing was predicted. */
    public ChatUsage(final Usage usage, final int reasoningTokens, final long costNanoDollars, final String placement) {
        this(usage, reasoningTokens, costNanoDollars, Prediction.NONE, placement);
    }

    public ChatUsage {
        requireNonNull(prediction, "prediction");
        requireNonNull(usage, "usage");
        requireNonNull(placement, "placement");
    }

    /** @return what a further choice of a prompt adds: its prompt is counted already */
    static ChatUsage ofOutput(final int outputTokens, final int reasoningTokens, final long costNanoDollars) {
        return new ChatUsage(new Usage(0, 0, outputTokens, PrefillSources.NONE), reasoningTokens, costNanoDollars, "");
    }

    /** @return the same, where that became of what the caller predicted */
    ChatUsage with(final Prediction found) {
        return new ChatUsage(usage, reasoningTokens, costNanoDollars, found, placement);
    }

    /** @return both together; the placement is the first that says something */
    public ChatUsage plus(final ChatUsage other) {
        return new ChatUsage(sum(usage, other.usage), reasoningTokens + other.reasoningTokens, costNanoDollars + other.costNanoDollars,
            prediction.plus(other.prediction), placement.isEmpty() ? other.placement : placement);
    }

    private static Usage sum(final Usage a, final Usage b) {
        final PrefillSources x = a.sources();
        final PrefillSources y = b.sources();
        return new Usage(a.promptTokens() + b.promptTokens(), a.cachedTokens() + b.cachedTokens(),
            a.outputTokens() + b.outputTokens(),
            new PrefillSources(x.deviceTokens() + y.deviceTokens(), x.hostTokens() + y.hostTokens(),
                x.remoteTokens() + y.remoteTokens(), x.diskTokens() + y.diskTokens(),
                x.computedTokens() + y.computedTokens()));
    }
}
