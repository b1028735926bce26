package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

/**
 * What a request consumed.
 *
 * @param cachedTokens prompt tokens whose KV was found in some tier; at most {@code promptTokens}
 */
public record Usage(int promptTokens, int cachedTokens, int outputTokens, PrefillSources sources) {
    public Usage {
        requireNonNull(sources, "sources");
        if (cachedTokens < 0 || cachedTokens > promptTokens) {
            throw new IllegalArgumentException("cachedTokens " + cachedTokens + " of " + promptTokens + " promptTokens");
        }
    }

    public int totalTokens() {
        return promptTokens + outputTokens;
    }
}
