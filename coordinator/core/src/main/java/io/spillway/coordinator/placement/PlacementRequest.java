package io.spillway.coordinator.placement;

import static java.util.Objects.requireNonNull;

import io.spillway.coordinator.prefix.PrefixMatches;
import io.spillway.domain.cluster.ModelDescriptor;

/**
 * What placement needs to know of a request.
 *
 * @param knownTokens     prompt and already emitted tokens: their KV must be there before the next output token
 * @param outputTokensMax most tokens still to come
 */
public record PlacementRequest(ModelDescriptor model, int knownTokens, int outputTokensMax, PrefixMatches matches) {
    public PlacementRequest {
        requireNonNull(model, "model");
        requireNonNull(matches, "matches");
        if (knownTokens < 1 || outputTokensMax < 1) {
            throw new IllegalArgumentException("knownTokens and outputTokensMax must be positive: "
                + knownTokens + ", " + outputTokensMax);
        }
    }
}
