package io.spillway.modelfile;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Strict reading of the small JSON files beside the weights. */
final class Json {
    private static final long FILE_BYTES_MAX = 64L << 20;
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {
    }

    /** @throws io.spillway.domain.error.SpillwayException when missing, too long, or not one JSON object */
    static JsonNode readObject(final Path file) {
        if (!Files.isRegularFile(file)) {
            throw Refusal.of(file, "no such file; check the path");
        }
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw Refusal.of(file, "is over " + FILE_BYTES_MAX + " bytes, too long for a configuration");
            }
            return readObject(file, Files.readAllBytes(file));
        } catch (final IOException e) {
            throw Refusal.of(file, "cannot be read (" + e.getMessage() + "); check its permissions", e);
        }
    }

    static JsonNode readObject(final Path file, final byte[] text) {
        try {
            final JsonNode node = MAPPER.readTree(text);
            if (node == null || !node.isObject()) {
                throw Refusal.damaged(file, "its JSON is no object");
            }
            return node;
        } catch (final JacksonException e) {
            final String where = e.getLocation() == null ? "" : " at byte " + e.getLocation().getByteOffset();
            throw Refusal.of(file, "its JSON does not parse" + where + "; the file is damaged or incomplete, fetch it again", e);
        } catch (final IOException e) {
            throw Refusal.of(file, "its JSON cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
