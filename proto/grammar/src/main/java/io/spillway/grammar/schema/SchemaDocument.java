package io.spillway.grammar.schema;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/** A schema's text, read, and the references within it. Immutable. */
final class SchemaDocument {
    private static final int MAX_CHARS = 512 * 1024;
    private static final int MAX_DEPTH = 200;
    private static final JsonMapper MAPPER = JsonMapper.builder(com.fasterxml.jackson.core.JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).maxNumberLength(200).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build())
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    private final JsonNode root;

    private SchemaDocument(final JsonNode root) {
        this.root = root;
    }

    static SchemaDocument read(final String json) {
        if (json.length() > MAX_CHARS) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "a schema may have " + MAX_CHARS + " characters");
        }
        try {
            final JsonNode root = MAPPER.readTree(json);
            if (root == null || root.isMissingNode()) {
                throw new SpillwayException(ErrorCode.INVALID_JSON, "the schema is empty");
            }
            return new SchemaDocument(root);
        } catch (final JsonProcessingException malformed) {
            throw new SpillwayException(ErrorCode.INVALID_JSON, "the schema is no JSON: " + malformed.getOriginalMessage(), malformed);
        }
    }

    Position root() {
        return new Position(root, "");
    }

    /** @return what a {@code $ref} stands for */
    Position resolve(final String reference, final String at) {
        if (!reference.startsWith("#")) {
            throw SchemaErrors.unsupported(at, "references lead to places in the same schema, as #/$defs/name");
        }
        final String pointer;
        final JsonNode node;
        try {
            pointer = URLDecoder.decode(reference.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
            if (!pointer.isEmpty() && !pointer.startsWith("/")) {
                throw SchemaErrors.unsupported(at, "references by anchor; use a JSON pointer, as #/$defs/name");
            }
            node = root.at(JsonPointer.compile(pointer));
        } catch (final IllegalArgumentException malformed) {
            throw SchemaErrors.invalid(at, "is no reference: " + malformed.getMessage());
        }
        if (node.isMissingNode()) {
            throw SchemaErrors.invalid(at, "leads nowhere");
        }
        return new Position(node, pointer);
    }

    /** @return a value as compact JSON text, as UTF-8 */
    static byte[] write(final Object value, final String at) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (final JsonProcessingException unwritable) {
            throw SchemaErrors.invalid(at, "holds a text that is no Unicode");
        }
    }
}
