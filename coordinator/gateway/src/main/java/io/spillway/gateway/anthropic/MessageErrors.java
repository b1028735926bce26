package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.ErrorKind;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.chat.ContextLimit;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiErrors;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Failures in Anthropic's shape, {@code {"type":"error","error":{"type","message"},"request_id"}}, for those who asked in its way; all
 * others are left to another renderer. Any thread.
 */
public final class MessageErrors implements ErrorRenderer {
    private static final int OVERLOADED_STATUS = 529;

    private final ErrorRenderer others;

    /** @param others words failures for everybody else */
    public MessageErrors(final ErrorRenderer others) {
        this.others = others;
    }

    @Override
    public HttpAnswer render(final Asked asked, final SpillwayException failure) {
        if (!speaks(asked)) {
            return others.render(asked, failure);
        }
        final Map<String, String> headers = new LinkedHashMap<>();
        headers.put("content-type", HttpAnswer.JSON);
        headers.put("request-id", asked.requestId());
        headers.putAll(ApiErrors.retryHeaders(failure));
        return new HttpAnswer(status(failure.code()), headers, Json.bytes(body(failure, asked.requestId())));
    }

    /** Paths of both APIs belong to those who send the header that all clients of this one send. */
    private static boolean speaks(final Asked asked) {
        return asked.path().equals(MessagesApi.MESSAGES) || asked.path().startsWith(MessagesApi.MESSAGES + "/")
            || asked.path().startsWith(MessagesApi.MODELS) && asked.header().apply(MessagesApi.VERSION).isPresent();
    }

    private static int status(final ErrorCode code) {
        return code.kind() == ErrorKind.UNAVAILABLE ? OVERLOADED_STATUS : code.httpStatus();
    }

    /** @return the error, as a whole answer or as the last event of a stream */
    static ObjectNode body(final SpillwayException failure, final String requestId) {
        final ObjectNode body = Json.object().put("type", "error");
        body.putObject("error").put("type", type(failure.code().kind())).put("message", message(failure));
        return body.put("request_id", requestId);
    }

    private static String type(final ErrorKind kind) {
        return switch (kind) {
            case INVALID_REQUEST, CANCELLED -> "invalid_request_error";
            case UNAUTHENTICATED -> "authentication_error";
            case FORBIDDEN -> "permission_error";
            case NOT_FOUND -> "not_found_error";
            case CONFLICT -> "conflict_error";
            case TOO_LARGE -> "request_too_large";
            case RATE_LIMITED -> "rate_limit_error";
            case UNAVAILABLE -> "overloaded_error";
            case TIMEOUT -> "timeout_error";
            case INTERNAL -> "api_error";
        };
    }

    /** The words for a prompt that is too long make agents compact their context: they must be exactly these. */
    private static String message(final SpillwayException failure) {
        if (failure.code().kind() == ErrorKind.INTERNAL) {
            return "The server had an error while processing your request; it may be sent again";
        }
        return ContextLimit.of(failure)
            .map(limit -> "prompt is too long: " + limit.promptTokens() + " tokens > " + limit.contextTokens() + " maximum")
            .orElseGet(() -> failure.getMessage().replace("response_format.json_schema.schema", "output_config.format.schema"));
    }
}
