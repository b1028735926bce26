package io.spillway.domain.request;

import java.util.List;

/**
 * Natural-log probability of one output token and of its likeliest alternatives, before penalties and filters are applied.
 *
 * @param top most likely first; may or may not contain the token itself
 */
public record TokenLogprob(int tokenId, float logprob, List<Alternative> top) {
    public TokenLogprob {
        top = List.copyOf(top);
    }

    /** One candidate at a position. */
    public record Alternative(int tokenId, float logprob) {
    }
}
