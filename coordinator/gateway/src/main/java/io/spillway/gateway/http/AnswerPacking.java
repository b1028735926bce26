package io.spillway.gateway.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Packs whole answers where the client takes it and it pays. Any thread. */
final class AnswerPacking {
    /** Below this a packet is a packet. */
    private static final int LEAST_BYTES = 1024;

    private AnswerPacking() {
    }

    /** @return the answer to send: packed, or as it was, in both cases with {@code vary} where another client may get the other */
    static HttpAnswer packed(final HttpAnswer answer, final Optional<String> accepted) {
        if (answer.body().length < LEAST_BYTES || !packable(answer)) {
            return answer;
        }
        final Map<String, String> headers = new HashMap<>(answer.headers());
        headers.put("vary", "accept-encoding");
        final Optional<ContentCoding> coding = accepted.flatMap(AcceptedCodings::best);
        final byte[] body = coding.map(chosen -> pack(chosen, answer.body())).orElse(answer.body());
        if (body.length >= answer.body().length) {
            return new HttpAnswer(answer.status(), headers, answer.body());
        }
        headers.put("content-encoding", coding.get().token());
        return new HttpAnswer(answer.status(), headers, body);
    }

    private static boolean packable(final HttpAnswer answer) {
        final String type = answer.headers().getOrDefault("content-type", "").toLowerCase(Locale.ROOT);
        return !answer.headers().containsKey("content-encoding")
            && (type.startsWith("text/") || type.startsWith("application/json") || type.startsWith("application/x-ndjson")
                || type.startsWith("application/jsonl") || type.startsWith("application/javascript") || type.startsWith("image/svg"));
    }

    private static byte[] pack(final ContentCoding coding, final byte[] body) {
        final ByteArrayOutputStream packed = new ByteArrayOutputStream(body.length / 2);
        try (OutputStream out = coding.packed(packed)) {
            out.write(body);
        } catch (final IOException e) {
            throw new UncheckedIOException("memory takes all that is written", e);
        }
        return packed.toByteArray();
    }
}
