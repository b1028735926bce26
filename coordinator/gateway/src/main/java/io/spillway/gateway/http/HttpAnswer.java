package io.spillway.gateway.http;

import static java.util.Objects.requireNonNull;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A whole response. The body is handed over.
 *
 * @param headers extra headers, content type included
 */
public record HttpAnswer(int status, Map<String, String> headers, byte[] body) {
    /** Media type of JSON. */
    public static final String JSON = "application/json";

    public HttpAnswer {
        headers = Map.copyOf(headers);
        requireNonNull(body, "body");
    }

    /** @return an answer of that media type */
    public static HttpAnswer of(final int status, final String contentType, final byte[] body) {
        return new HttpAnswer(status, Map.of("content-type", contentType), body);
    }

    /** @return an answer of that media type; text as UTF-8 */
    public static HttpAnswer of(final int status, final String contentType, final String text) {
        return of(status, contentType, text.getBytes(StandardCharsets.UTF_8));
    }
}
