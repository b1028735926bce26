package io.spillway.systemtest.wire;

import java.util.Locale;
import java.util.Map;

/**
 * One request and its answer, as they went over the wire.
 *
 * @param client      who sent it: the first segment of the path that it was given as base
 * @param path        without that segment, without the query
 * @param requestBody text; empty = none
 * @param headers     of the answer; names in lower case
 * @param body        of the answer, decompressed
 * @param whole       whether the client took the answer to its end
 */
public record Exchange(
    String client, String method, String path, String requestBody, int status, Map<String, String> headers, String body,
    boolean whole) {
    /** @return whether the answer is a stream of events */
    public boolean isStream() {
        return headers.getOrDefault("content-type", "").toLowerCase(Locale.ROOT).startsWith("text/event-stream");
    }

    @Override
    public String toString() {
        return client + ": " + method + " " + path + " -> " + status + (isStream() ? " (stream)" : "");
    }
}
