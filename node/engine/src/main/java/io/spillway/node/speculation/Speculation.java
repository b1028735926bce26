package io.spillway.node.speculation;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.List;

/**
 * How an engine guesses. Proposers are borrowed, and belong to one engine.
 *
 * @param tokensMax  most tokens guessed per sequence and step
 * @param isAdaptive whether guesses are computed only where measured acceptance and cost say that they pay; otherwise wherever there is
 *                   room
 * @param proposers  the one to be asked first comes first
 */
public record Speculation(int tokensMax, boolean isAdaptive, List<Proposer> proposers) {
    /** Nobody guesses; what a constraint forces is still computed ahead. */
    public static final Speculation OFF = new Speculation(16, true, List.of());
    /** More in one step than any output is worth. */
    public static final int TOKENS_MAX = 64;
    private static final int PROPOSERS_MAX = 16;

    public Speculation {
        proposers = List.copyOf(proposers);
        if (tokensMax < 1 || tokensMax > TOKENS_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "speculation.max-tokens",
                "speculation.max-tokens must be between 1 and " + TOKENS_MAX + ": " + tokensMax);
        }
        if (proposers.size() > PROPOSERS_MAX) {
            throw new IllegalArgumentException(proposers.size() + " proposers are too many");
        }
    }
}
