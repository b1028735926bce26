package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * What a model thought, as reasoning items carry it. {@code encrypted_content} lets clients that keep no reasoning bring it back; ours is
 * the text itself, encoded and not encrypted: the same item says it openly. Stateless; any thread.
 */
final class Thought {
    private static final String MARK = "spillway-thought-1:";

    private Thought() {
    }

    static String encode(final String text) {
        return Base64.getEncoder().encodeToString((MARK + text).getBytes(StandardCharsets.UTF_8));
    }

    /** @return the text of a reasoning item; "" when it has none that we can read */
    static String of(final ObjectNode item) {
        final String content = texts(item.path("content"));
        if (!content.isEmpty()) {
            return content;
        }
        final String carried = decode(item.path("encrypted_content").asText(""));
        return carried.isEmpty() ? texts(item.path("summary")) : carried;
    }

    private static String texts(final JsonNode parts) {
        final StringBuilder text = new StringBuilder();
        for (final JsonNode part : parts) {
            text.append(text.isEmpty() ? "" : "\n").append(part.path("text").asText());
        }
        return text.toString();
    }

    private static String decode(final String carried) {
        try {
            final String text = new String(Base64.getDecoder().decode(carried), StandardCharsets.UTF_8);
            return text.startsWith(MARK) ? text.substring(MARK.length()) : "";
        } catch (final IllegalArgumentException e) {
            // Not of this server: only who wrote it can read it.
            return "";
        }
    }
}
