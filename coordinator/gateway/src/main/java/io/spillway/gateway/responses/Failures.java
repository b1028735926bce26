package io.spillway.gateway.responses;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.ErrorKind;
import io.spillway.domain.error.SpillwayException;

/** Failures in the words of this API. Stateless; any thread. */
final class Failures {
    private static final String CHAT_SCHEMA = "response_format.json_schema.schema";
    private static final String CHAT_FORMAT = "response_format";

    private Failures() {
    }

    /** @return the failure, naming fields as requests to this API do */
    static SpillwayException told(final SpillwayException failure) {
        final String field = failure.field().orElse("");
        final String message = failure.getMessage();
        if (field.equals("messages") || field.startsWith("messages[")) {
            return SpillwayException.ofField(failure.code(), "input",
                failure.code() == ErrorCode.CONTEXT_LENGTH_EXCEEDED ? message.replace("messages", "input") : message);
        }
        if (field.equals(CHAT_SCHEMA)) {
            return SpillwayException.ofField(failure.code(), "text.format.schema", message.replace(CHAT_SCHEMA, "text.format.schema"));
        }
        if (field.equals(CHAT_FORMAT)) {
            return SpillwayException.ofField(failure.code(), "text.format", message.replace(CHAT_FORMAT, "text.format"));
        }
        return failure;
    }

    /** @return the code in the {@code error} of a failed response: that list is short */
    static String code(final ErrorCode code) {
        return switch (code.kind()) {
            case RATE_LIMITED -> "rate_limit_exceeded";
            case INVALID_REQUEST, NOT_FOUND, TOO_LARGE -> "invalid_prompt";
            default -> "server_error";
        };
    }

    /** @return a sentence for the caller; of our own faults it tells nothing */
    static String message(final SpillwayException failure) {
        return failure.code().kind() == ErrorKind.INTERNAL
            ? "The server had an error while processing your request; it may be sent again" : failure.getMessage();
    }
}
