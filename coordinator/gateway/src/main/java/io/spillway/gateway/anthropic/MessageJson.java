package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.answer.Explanation;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** Pieces that whole messages and streams share. Stateless; any thread. */
final class MessageJson {
    private static final String OUR_CALLS = "call_";

    private MessageJson() {
    }

    /** @return a message without content and usage */
    static ObjectNode head(final String id, final String model) {
        final ObjectNode message = Json.object().put("id", id).put("type", "message").put("role", "assistant").put("model", model);
        message.putArray("content");
        return message.<ObjectNode>putNull("stop_reason").<ObjectNode>putNull("stop_sequence").<ObjectNode>putNull("stop_details")
            .putNull("container");
    }

    static ObjectNode usage(final InputUsage input, final int outputTokens, final int thinkingTokens) {
        final ObjectNode usage = Json.object();
        input.write(usage);
        input.writeCreation(usage);
        usage.put("output_tokens", outputTokens);
        usage.putObject("output_tokens_details").put("thinking_tokens", thinkingTokens);
        usage.putNull("server_tool_use");
        return usage.put("service_tier", "standard");
    }

    /** @return cumulative, as the last word of a stream */
    static ObjectNode finalUsage(final InputUsage input, final ChatUsage total) {
        final ObjectNode usage = Json.object();
        input.write(usage);
        usage.put("output_tokens", total.usage().outputTokens());
        usage.putObject("output_tokens_details").put("thinking_tokens", total.reasoningTokens());
        usage.putNull("server_tool_use");
        usage.set("spillway", Explanation.json(total));
        return usage;
    }

    static String stopReason(final ChatEvent.ChoiceFinished done) {
        return switch (done.reason()) {
            case STOP -> done.stop().isPresent() ? "stop_sequence" : "end_turn";
            case LENGTH -> "max_tokens";
            case TOOL_CALLS -> "tool_use";
        };
    }

    static ObjectNode text() {
        return Json.object().put("type", "text").put("text", "").putNull("citations");
    }

    static ObjectNode thinking() {
        return Json.object().put("type", "thinking").put("thinking", "").put("signature", "");
    }

    static ObjectNode call(final ChatEvent.CallStart start) {
        final String id = start.id().startsWith(OUR_CALLS) ? start.id().substring(OUR_CALLS.length()) : start.id();
        final ObjectNode call = Json.object().put("type", "tool_use").put("id", "toolu_" + id).put("name", start.name());
        call.putObject("input");
        call.putObject("caller").put("type", "direct");
        return call;
    }

    /** Clients send a thought back with whatever stands here; it is the digest of the thought and proves nothing. */
    static String signature(final String thought) {
        try {
            return Base64.getEncoder().encodeToString(
                MessageDigest.getInstance("SHA-256").digest(thought.getBytes(StandardCharsets.UTF_8)));
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
