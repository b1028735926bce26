package io.spillway.gateway.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The one JSON reader and writer of the HTTP APIs. Any thread. */
public final class Json {
    private static final int DEPTH_MAX = 200;
    private static final int TEXT_CHARS_MAX = 128 << 20;
    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                .maxNestingDepth(DEPTH_MAX).maxStringLength(TEXT_CHARS_MAX).build())
            .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build())
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .build();
    private static final ObjectWriter SPACED = MAPPER.writer(new MinimalPrettyPrinter() {
        @Override
        public void writeObjectFieldValueSeparator(final JsonGenerator out) throws IOException {
            out.writeRaw(": ");
        }

        @Override
        public void writeObjectEntrySeparator(final JsonGenerator out) throws IOException {
            out.writeRaw(", ");
        }

        @Override
        public void writeArrayValueSeparator(final JsonGenerator out) throws IOException {
            out.writeRaw(", ");
        }
    });
    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() { };

    private Json() {
    }

    /** @return a new object, empty; fields keep their order */
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** @return the bytes of a document, on one line */
    public static byte[] bytes(final JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (final JsonProcessingException halfACharacter) {
            return node.toString().getBytes(StandardCharsets.UTF_8); // a lone surrogate has no UTF-8: it becomes a question mark
        }
    }

    /** @return the text of a document as models are taught to write it: on one line, a space after each comma and colon */
    public static String spaced(final JsonNode node) {
        try {
            return SPACED.writeValueAsString(node);
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("a tree always has a text", e);
        }
    }

    /** @return lists, maps (in order), texts, numbers and booleans */
    public static Map<String, Object> map(final JsonNode node) {
        return MAPPER.convertValue(node, MAP);
    }

    /** @throws SpillwayException {@code INVALID_JSON} when {@code body} is not one JSON object in UTF-8 */
    public static ObjectNode parse(final byte[] body) {
        if (body.length == 0) {
            throw invalid("The request body is empty; send a JSON object");
        }
        try {
            final String text = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(body)).toString();
            if (MAPPER.readTree(text) instanceof ObjectNode object) {
                return object;
            }
            throw invalid("The request body must be a JSON object");
        } catch (final CharacterCodingException e) {
            throw invalid("The request body is not valid UTF-8");
        } catch (final JsonProcessingException e) {
            throw invalid("We could not parse the JSON body of your request: " + where(e));
        }
    }

    /** The parser's own message may quote the body, so only the place is told. */
    private static String where(final JsonProcessingException e) {
        return e.getLocation() == null ? "it is not valid JSON"
            : "not valid JSON near line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
    }

    private static SpillwayException invalid(final String detail) {
        return new SpillwayException(ErrorCode.INVALID_JSON, detail);
    }
}
