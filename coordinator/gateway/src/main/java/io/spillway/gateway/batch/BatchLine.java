package io.spillway.gateway.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.batch.BatchProblem;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.json.Json;

/**
 * One request of an input: {@code {"custom_id","method","url","body"}}.
 *
 * @param model which model it names
 */
record BatchLine(String customId, String model, ObjectNode body) {
    private static final int CUSTOM_ID_CHARS_MAX = 512;

    /** What is wrong with a line. */
    static final class Bad extends Exception {
        private static final long serialVersionUID = 1;
        private final transient BatchProblem problem;

        private Bad(final String code, final String message, final String param, final int number) {
            super(message, null, false, false);
            this.problem = new BatchProblem(code, message, param, number);
        }

        BatchProblem problem() {
            return problem;
        }
    }

    /**
     * Reads a line.
     *
     * @param number   of the line in the file, from 1
     * @param endpoint path that every line must go to
     * @throws Bad when it is not such a request
     */
    static BatchLine read(final byte[] bytes, final int number, final String endpoint) throws Bad {
        final ObjectNode line;
        try {
            line = Json.parse(bytes);
        } catch (final SpillwayException e) {
            throw new Bad("invalid_json_line", "This line is not parseable as valid JSON.", "", number);
        }
        final String customId = text(line, "custom_id", number);
        if (customId.isEmpty() || customId.length() > CUSTOM_ID_CHARS_MAX) {
            throw new Bad("invalid_custom_id", "'custom_id' has 1 to " + CUSTOM_ID_CHARS_MAX + " characters.", "custom_id", number);
        }
        if (!text(line, "method", number).equals("POST")) {
            throw new Bad("invalid_method", "The only method of a batch's requests is POST.", "method", number);
        }
        if (!text(line, "url", number).equals(endpoint)) {
            throw new Bad("invalid_url", "The URL of every request must be the batch's endpoint, " + endpoint + ".", "url", number);
        }
        if (!(line.get("body") instanceof ObjectNode body)) {
            throw line.hasNonNull("body") ? new Bad("invalid_type", "'body' must be an object.", "body", number)
                : missing("body", number);
        }
        return new BatchLine(customId, text(body, "model", "body.model", number), body);
    }

    private static String text(final ObjectNode node, final String name, final int number) throws Bad {
        return text(node, name, name, number);
    }

    private static String text(final ObjectNode node, final String name, final String path, final int number) throws Bad {
        final JsonNode value = node.get(name);
        if (value == null || value.isNull()) {
            throw missing(path, number);
        }
        if (!value.isTextual()) {
            throw new Bad("invalid_type", "'" + path + "' must be a string.", path, number);
        }
        return value.textValue();
    }

    private static Bad missing(final String path, final int number) {
        return new Bad("missing_required_parameter", "Missing required parameter: '" + path + "'.", path, number);
    }
}
