package io.spillway.gateway.identity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;

/** JSON that clients put into texts: into a header, or into a field that is a string. Stateless; any thread. */
final class Embedded {
    private static final int CHARS_MAX = 16_384;

    private Embedded() {
    }

    /** @return the object that a text spells; a missing node when it spells none */
    static JsonNode json(final String text) {
        if (!text.startsWith("{") || text.length() > CHARS_MAX) {
            return MissingNode.getInstance();
        }
        try {
            return Json.parse(text.getBytes(StandardCharsets.UTF_8));
        } catch (final SpillwayException e) {
            // A name that merely looks like JSON names nobody.
            return MissingNode.getInstance();
        }
    }
}
