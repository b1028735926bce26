package io.spillway.systemtest.wire;

import static io.spillway.systemtest.wire.WireRules.require;

import com.anthropic.core.ObjectMappers;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageTokensCount;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListPageResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What answers and streams of the Messages API promise: the types of the official client, which are made from the published
 * document, read and validate them strictly; the order of events is checked here. One instance reads one stream.
 */
final class MessageRules {
    private static final Map<Integer, String> ERROR_TYPES = Map.of(400, "invalid_request_error", 401, "authentication_error",
        403, "permission_error", 404, "not_found_error", 413, "request_too_large", 429, "rate_limit_error");
    private static final Set<String> IN_BLOCK = Set.of("content_block_delta", "content_block_stop");
    private boolean started;
    private boolean settled;
    private boolean stopped;
    private int openBlock = -1;
    private int blocks;

    private MessageRules() {
    }

    /** A whole answer. */
    static void check(final Exchange exchange) throws JsonProcessingException {
        require(exchange.headers().containsKey("request-id"), "there must be a request-id");
        switch (exchange.path()) {
            case "/v1/messages" -> {
                final JsonNode body = WireRules.JSON.readTree(exchange.body());
                read(exchange.body(), Message.class).validate();
                require(body.get("id").asText().startsWith("msg_"), "ids of messages begin with msg_");
                body.get("content").forEach(block -> require(!block.get("type").asText().equals("tool_use")
                    || block.get("id").asText().startsWith("toolu_") && block.get("input").isObject(), "a tool_use has an id and an object"));
            }
            case "/v1/messages/count_tokens" -> read(exchange.body(), MessageTokensCount.class).validate();
            case "/v1/models" -> read(exchange.body(), ModelListPageResponse.class).validate();
            case String path when path.startsWith("/v1/models/") -> read(exchange.body(), ModelInfo.class).validate();
            default -> throw new AssertionError("no rules for " + exchange.path());
        }
    }

    private static <T> T read(final String json, final Class<T> type) throws JsonProcessingException {
        return ObjectMappers.jsonMapper().readValue(json, type);
    }

    static void checkError(final Exchange exchange, final JsonNode body) {
        require(body.path("type").asText().equals("error"), "an error says that it is one");
        require(body.at("/error/type").asText().equals(ERROR_TYPES.get(exchange.status())),
            "the type of an error of status " + exchange.status() + " is " + ERROR_TYPES.get(exchange.status()));
        require(!body.at("/error/message").asText().isBlank(), "an error says why");
        require(exchange.headers().containsKey("request-id")
            && exchange.headers().get("request-id").equals(body.path("request_id").asText()), "an error names its request, as the header does");
    }

    /** @param whole whether the client read to the end */
    static void checkStream(final List<SseEvents.Event> events, final boolean whole) throws JsonProcessingException {
        final MessageRules rules = new MessageRules();
        for (final SseEvents.Event event : events) {
            final JsonNode data = WireRules.JSON.readTree(event.data());
            require(event.name().equals(data.path("type").asText()), "the event's name equals its type: " + event);
            if (!event.name().equals("ping")) {
                read(event.data(), RawMessageStreamEvent.class).validate();
                rules.event(event.name(), data);
            }
        }
        require(!whole || rules.stopped, "a stream ends with message_stop");
    }

    private void event(final String type, final JsonNode data) {
        require(!stopped && started != type.equals("message_start"), "message_start comes first, once, and nothing after message_stop");
        require(IN_BLOCK.contains(type) == (openBlock >= 0), "deltas come inside a block, everything else outside: " + type);
        require(openBlock < 0 || data.get("index").asInt() == openBlock, "deltas name the open block");
        switch (type) {
            case "message_start" -> {
                started = true;
                require(data.at("/message/content").isEmpty(), "a message starts empty");
            }
            case "content_block_start" -> {
                openBlock = data.get("index").asInt();
                require(openBlock == blocks++ && !settled, "blocks are counted from 0, and end before message_delta");
            }
            case "content_block_stop" -> openBlock = -1;
            case "message_delta" -> settled = true;
            case "message_stop" -> {
                stopped = true;
                require(settled, "message_delta comes before message_stop");
            }
            default -> { }
        }
    }
}
