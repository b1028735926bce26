package io.spillway.gateway.openai;

import io.spillway.gateway.prefix.Attribution;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keeps what changes with every request out of the head of a conversation. Stateless; any thread. */
public final class Hygiene {
    private Hygiene() {
    }

    /** @return the conversation without lines of attribution at the head of its system messages; the same list when there are none */
    public static List<Map<String, Object>> withoutAttribution(final List<Map<String, Object>> messages) {
        List<Map<String, Object>> cleaned = messages;
        for (int i = 0; i < messages.size() && "system".equals(messages.get(i).get("role")); i++) {
            final Object content = messages.get(i).get("content");
            final Object kept = content instanceof List<?> parts ? parts(parts) : text(content);
            if (kept != content) {
                cleaned = cleaned == messages ? new ArrayList<>(messages) : cleaned;
                final Map<String, Object> message = new LinkedHashMap<>(messages.get(i));
                message.put("content", kept);
                cleaned.set(i, message);
            }
        }
        return cleaned;
    }

    private static Object text(final Object content) {
        return content instanceof String text ? Attribution.without(text) : content;
    }

    /** A part that holds nothing else goes whole, unless it is the only one. */
    private static Object parts(final List<?> parts) {
        final Object first = parts.isEmpty() ? null : parts.getFirst();
        if (!(first instanceof Map<?, ?> part) || !(part.get("text") instanceof String text) || !Attribution.begins(text)) {
            return parts;
        }
        final String rest = Attribution.without(text);
        final List<Object> kept = new ArrayList<>(parts);
        if (rest.isEmpty() && parts.size() > 1) {
            kept.removeFirst();
        } else {
            kept.set(0, Map.of("type", "text", "text", rest));
        }
        return kept;
    }
}
