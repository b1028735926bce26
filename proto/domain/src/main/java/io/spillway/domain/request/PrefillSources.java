package io.spillway.domain.request;

/** Where the KV of a request's known tokens came from. Sums to the known tokens of the attempt. */
public record PrefillSources(int deviceTokens, int hostTokens, int remoteTokens, int diskTokens, int computedTokens) {
    /** Nothing known yet. */
    public static final PrefillSources NONE = new PrefillSources(0, 0, 0, 0, 0);

    /** @return tokens whose KV was found rather than computed */
    public int cachedTokens() {
        return deviceTokens + hostTokens + remoteTokens + diskTokens;
    }
}
