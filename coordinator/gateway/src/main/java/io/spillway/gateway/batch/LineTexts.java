package io.spillway.gateway.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.batch.LineResult.Consumed;
import io.spillway.gateway.batch.LineResult.Kind;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.json.Json;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/** Lines of output and error files. Stateless; any thread. */
final class LineTexts {
    private static final int SUCCESS_MIN = 200;
    private static final int SUCCESS_MAX = 299;
    private static final int NANO_DIGITS = 9;

    private LineTexts() {
    }

    /** Names one request of a batch. */
    record LineName(int line, String id, String requestId, String customId) {
    }

    /** @return a line that was answered, with success or not */
    static LineResult answered(final LineName name, final HttpAnswer answer) {
        final boolean success = answer.status() >= SUCCESS_MIN && answer.status() <= SUCCESS_MAX;
        final ObjectNode line = head(name);
        final ObjectNode response = line.putObject("response");
        response.put("status_code", answer.status());
        response.put("request_id", name.requestId());
        // As the client would have got it, to the byte.
        response.putRawValue("body", new RawValue(new String(answer.body(), StandardCharsets.UTF_8)));
        line.putNull("error");
        return new LineResult(name.line(), success ? Kind.ANSWERED : Kind.REFUSED, success ? consumed(answer) : Consumed.NOTHING, Json.bytes(line));
    }

    /** @return a line that never ran */
    static LineResult givenUp(final LineName name, final String code, final String message) {
        final ObjectNode line = head(name);
        line.putNull("response");
        line.putObject("error").put("code", code).put("message", message);
        return new LineResult(name.line(), Kind.GIVEN_UP, Consumed.NOTHING, Json.bytes(line));
    }

    private static ObjectNode head(final LineName name) {
        return Json.object().put("id", name.id()).put("custom_id", name.customId());
    }

    /** What the answer itself says is what is charged. */
    private static Consumed consumed(final HttpAnswer answer) {
        final JsonNode usage;
        try {
            usage = Json.parse(answer.body()).path("usage");
        } catch (final SpillwayException e) {
            return Consumed.NOTHING;
        }
        return new Consumed(
            first(usage, "prompt_tokens", "input_tokens"),
            first(usage.path("prompt_tokens_details").has("cached_tokens") ? usage.path("prompt_tokens_details")
                : usage.path("input_tokens_details"), "cached_tokens", "cached_tokens"),
            first(usage, "completion_tokens", "output_tokens"),
            first(usage.has("completion_tokens_details") ? usage.path("completion_tokens_details")
                : usage.path("output_tokens_details"), "reasoning_tokens", "reasoning_tokens"),
            cost(answer));
    }

    private static long first(final JsonNode node, final String name, final String otherName) {
        return Math.max(0, node.has(name) ? node.path(name).longValue() : node.path(otherName).longValue());
    }

    private static long cost(final HttpAnswer answer) {
        final String dollars = answer.headers().get("x-spillway-cost");
        return dollars == null ? 0 : new BigDecimal(dollars).movePointRight(NANO_DIGITS).longValue();
    }
}
