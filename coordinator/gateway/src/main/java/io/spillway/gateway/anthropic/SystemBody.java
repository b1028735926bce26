package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.prefix.Attribution;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads {@code system}. A line in which a client tells its version and a digest of the conversation is left out: it differs from
 * session to session and would stand before everything that all of them share.
 *
 * @param texts       one per block
 * @param attribution whether such a line was left out
 */
record SystemBody(List<String> texts, boolean attribution) {
    static SystemBody read(final Fields body, final CacheMarks marks) {
        final List<String> texts = new ArrayList<>();
        final JsonNode system = body.value("system").orElse(null);
        if (system == null) {
            return new SystemBody(texts, false);
        }
        if (system.isTextual()) {
            texts.add(system.textValue());
        } else {
            for (final Fields block : body.objects("system")) {
                final String type = block.requiredText("type");
                if (!type.equals("text")) {
                    throw block.invalid("type", "'" + type + "'; only blocks of type text may stand here.");
                }
                marks.take(block);
                texts.add(block.requiredText("text"));
            }
        }
        final List<String> kept = texts.stream().map(Attribution::without).toList();
        return new SystemBody(kept.stream().filter(text -> !text.isEmpty()).toList(), !kept.equals(texts));
    }
}
