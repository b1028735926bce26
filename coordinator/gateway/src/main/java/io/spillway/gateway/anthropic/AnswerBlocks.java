package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.answer.Explanation;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.json.Json;

/** Gathers a whole message. Owned by the thread that runs the call. */
final class AnswerBlocks {
    private static final JsonMapper ARGUMENTS = new JsonMapper();

    private final MessagesBody.AnswerForm form;
    private final ObjectNode message;
    private final ArrayNode content;
    private final StringBuilder words = new StringBuilder();
    private ObjectNode open; // the block that grows; null: none

    AnswerBlocks(final String id, final MessagesBody.AnswerForm form) {
        this.form = form;
        this.message = MessageJson.head(id, form.model().value());
        this.content = (ArrayNode) message.get("content");
    }

    void on(final ChatEvent event) {
        switch (event) {
            case ChatEvent.Reasoning thought when form.thinking().wanted() -> {
                grow("thinking");
                words.append(thought.text());
            }
            case ChatEvent.Text text -> {
                grow("text");
                words.append(text.text());
            }
            case ChatEvent.CallStart start -> {
                close();
                open = MessageJson.call(start);
            }
            case ChatEvent.CallArguments more -> words.append(more.fragment());
            case ChatEvent.ChoiceFinished done -> {
                close();
                message.put("stop_reason", MessageJson.stopReason(done)).put("stop_sequence", done.stop().orElse(null));
            }
            default -> { }
        }
    }

    private void grow(final String type) {
        if (open == null || !open.path("type").textValue().equals(type)) {
            close();
            open = type.equals("text") ? MessageJson.text() : MessageJson.thinking();
        }
    }

    /** Nothing but white space is no block: the API's own clients must not send such a text back. */
    private void close() {
        if (open == null) {
            return;
        }
        final String text = words.toString();
        words.setLength(0);
        switch (open.path("type").textValue()) {
            case "text" -> {
                if (!text.isBlank()) {
                    content.add(open.put("text", text));
                }
            }
            case "thinking" -> content.add(open.put("thinking", form.thinking().omitted() ? "" : text)
                .put("signature", MessageJson.signature(text)));
            default -> content.add(open.<ObjectNode>set("input", input(text)));
        }
        open = null;
    }

    /** Arguments that were cut off, or are no object, are handed on as the model wrote them. */
    private static ObjectNode input(final String arguments) {
        if (arguments.isBlank()) {
            return Json.object();
        }
        try {
            final JsonNode input = ARGUMENTS.readTree(arguments);
            if (input instanceof ObjectNode object) {
                return object;
            }
        } catch (final JsonProcessingException e) {
            return Json.object().put("raw_arguments", arguments);
        }
        return Json.object().put("raw_arguments", arguments);
    }

    /** @return the message, complete */
    ObjectNode answer(final InputUsage input, final ChatUsage total) {
        final ObjectNode usage = MessageJson.usage(input, total.usage().outputTokens(), total.reasoningTokens());
        usage.set("spillway", Explanation.json(total));
        message.set("usage", usage);
        return message;
    }
}
