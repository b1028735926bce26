package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.ErrorKind;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.json.Json;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Failures in OpenAI's shape: {@code {"error":{"message","type","param","code"}}}, all four keys always. Any thread. */
public final class ApiErrors implements ErrorRenderer {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long USUAL_WAIT_NANOS = NANOS_PER_SECOND;
    private static final Set<String> DECIMALS = Set.of("temperature", "top_p", "min_p", "presence_penalty",
        "frequency_penalty", "repetition_penalty", "logit_bias");
    private static final String QUOTA = "insufficient_quota";
    private static final String SCHEMA_FIELD = "response_format.json_schema.schema";
    private static final String FLAT_SCHEMA_FIELD = "text.format.schema";

    @Override
    public HttpAnswer render(final Asked asked, final SpillwayException failure) {
        final Map<String, String> headers = new LinkedHashMap<>();
        headers.put("content-type", HttpAnswer.JSON);
        headers.putAll(retryHeaders(failure));
        if (failure.code().kind() == ErrorKind.UNAUTHENTICATED) {
            headers.put("www-authenticate", "Bearer");
        }
        if (failure.code() == ErrorCode.INSUFFICIENT_SCOPE) {
            headers.put("www-authenticate", "Bearer error=\"insufficient_scope\"");
        }
        return new HttpAnswer(failure.code().httpStatus(), headers, Json.bytes(body(failure)));
    }

    /** @return headers that tell every API's clients whether to send the request again, and when */
    public static Map<String, String> retryHeaders(final SpillwayException failure) {
        final Map<String, String> headers = new LinkedHashMap<>();
        final boolean retryable = shouldRetry(failure);
        headers.put("x-should-retry", Boolean.toString(retryable));
        if (retryable) {
            final long nanos = failure.retryAfterNanos().orElse(USUAL_WAIT_NANOS);
            headers.put("retry-after", Long.toString(Math.ceilDiv(nanos, NANOS_PER_SECOND)));
            headers.put("retry-after-ms", Long.toString(Math.ceilDiv(nanos, NANOS_PER_MILLI)));
        }
        return headers;
    }

    /**
     * A deadline that the caller has set is over for the same request too. What may have been done all the same, and has no name by which it
     * would be known again, is not to be done twice. A request whose first attempt still runs can be asked for again when that has ended.
     */
    private static boolean shouldRetry(final SpillwayException failure) {
        if (failure.code() == ErrorCode.ALREADY_EXISTS) {
            return true;
        }
        final boolean named = failure.field().isPresent();
        return failure.code().retryable() && !(named && (failure.code() == ErrorCode.DEADLINE_EXCEEDED || failure.code() == ErrorCode.NO_LEADER));
    }

    /** @return the error object, as a whole answer or as the last event of a stream */
    static ObjectNode body(final SpillwayException failure) {
        final ObjectNode body = Json.object();
        final ObjectNode error = body.putObject("error");
        error.put("message", failure.code().kind() == ErrorKind.INTERNAL
            ? "The server had an error while processing your request; it may be sent again" : failure.getMessage());
        error.put("type", failure.code() == ErrorCode.QUOTA_EXCEEDED ? QUOTA : type(failure.code()));
        error.put("param", param(failure));
        error.put("code", code(failure));
        return body;
    }

    private static String type(final ErrorCode code) {
        return switch (code.kind()) {
            case FORBIDDEN -> "permission_error";
            case INVALID_REQUEST, UNAUTHENTICATED, NOT_FOUND, CONFLICT, TOO_LARGE, CANCELLED -> "invalid_request_error";
            case RATE_LIMITED -> "rate_limit_error";
            case UNAVAILABLE, TIMEOUT, INTERNAL -> code == ErrorCode.REQUEST_TIMEOUT ? "invalid_request_error" : "server_error";
        };
    }

    private static String param(final SpillwayException failure) {
        final String field = failure.field().orElse(null);
        return field != null && field.startsWith(SCHEMA_FIELD) ? "response_format" : field;
    }

    private static String code(final SpillwayException failure) {
        final String field = failure.field().orElse("");
        if ((field.startsWith(SCHEMA_FIELD) || field.startsWith(FLAT_SCHEMA_FIELD)) && failure.code().kind() == ErrorKind.INVALID_REQUEST) {
            return "invalid_json_schema";
        }
        final String number = DECIMALS.contains(field) || field.startsWith("logit_bias") ? "decimal" : "integer";
        return switch (failure.code()) {
            case MISSING_FIELD -> "missing_required_parameter";
            case INVALID_TYPE -> "invalid_type";
            case BELOW_MINIMUM -> number + "_below_min_value";
            case ABOVE_MAXIMUM -> number + "_above_max_value";
            case UNSUPPORTED -> "unsupported_value";
            case TEMPLATE_FAILED -> "invalid_prompt";
            case UNKNOWN_PATH -> "unknown_url";
            case QUOTA_EXCEEDED -> QUOTA;
            case INVALID_JSON, INTERNAL, OVERLOADED, NO_NODE, NODE_LOST, NO_LEADER, DRAINING, KV_CORRUPT -> null;
            default -> failure.code().name().toLowerCase(Locale.ROOT);
        };
    }
}
