package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.TokenText;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.AnswerJson;
import java.util.ArrayList;
import java.util.List;

/** What the model says: one message with one part. */
final class OpenMessage implements OpenItem {
    private final EventTeller teller;
    private final EventTeller.Item item;
    private final StringBuilder text = new StringBuilder();
    private final List<TokenText> logprobs = new ArrayList<>();

    OpenMessage(final EventTeller teller, final EventTeller.Item item) {
        this.teller = teller;
        this.item = item;
        final ObjectNode empty = message("in_progress");
        empty.putArray("content");
        item.added(empty);
        teller.tell(part("response.content_part.added"));
    }

    void append(final String more, final List<TokenText> moreLogprobs) {
        text.append(more);
        logprobs.addAll(moreLogprobs);
        final ObjectNode event = item.event("response.output_text.delta").put("content_index", 0).put("delta", more);
        event.set("logprobs", logprobs(moreLogprobs));
        teller.tell(event);
    }

    @Override
    public void close(final String status) {
        final ObjectNode event = item.event("response.output_text.done").put("content_index", 0).put("text", text.toString());
        event.set("logprobs", logprobs(logprobs));
        teller.tell(event);
        teller.tell(part("response.content_part.done"));
        item.done(json(status));
    }

    @Override
    public ObjectNode json(final String status) {
        final ObjectNode message = message(status);
        message.putArray("content").add(content());
        return message;
    }

    private ObjectNode message(final String status) {
        return Json.object().put("id", item.id()).put("type", "message").put("status", status).put("role", "assistant");
    }

    private ObjectNode part(final String type) {
        final ObjectNode event = item.event(type).put("content_index", 0);
        event.set("part", content());
        return event;
    }

    private ObjectNode content() {
        final ObjectNode part = ItemReader.outputText(text.toString());
        part.set("logprobs", logprobs(logprobs));
        return part;
    }

    private static ArrayNode logprobs(final List<TokenText> tokens) {
        final ArrayNode list = Json.object().putArray("logprobs");
        for (final TokenText token : tokens) {
            final ObjectNode entry = AnswerJson.token(token);
            final ArrayNode top = entry.putArray("top_logprobs");
            token.top().forEach(other -> top.add(AnswerJson.token(other)));
            list.add(entry);
        }
        return list;
    }
}
