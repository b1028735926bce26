package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Json;

/**
 * What the model thinks. Where the client asked for a summary, the thought stands there in full: nothing here writes summaries, and
 * most clients show nothing else.
 */
final class OpenReasoning implements OpenItem {
    private final EventTeller teller;
    private final EventTeller.Item item;
    private final ResponseRequest.Form form;
    private final Kind kind;
    private final StringBuilder text = new StringBuilder();

    /** The two ways to tell a thought. */
    private enum Kind {
        TEXT("content", "reasoning_text", "content_index", "response.content_part", "response.reasoning_text"),
        SUMMARY("summary", "summary_text", "summary_index", "response.reasoning_summary_part", "response.reasoning_summary_text");

        private final String list;
        private final String part;
        private final String index;
        private final String partEvent;
        private final String textEvent;

        Kind(final String list, final String part, final String index, final String partEvent, final String textEvent) {
            this.list = list;
            this.part = part;
            this.index = index;
            this.partEvent = partEvent;
            this.textEvent = textEvent;
        }
    }

    OpenReasoning(final EventTeller teller, final EventTeller.Item item, final ResponseRequest.Form form) {
        this.teller = teller;
        this.item = item;
        this.form = form;
        this.kind = form.reasoningSummary() ? Kind.SUMMARY : Kind.TEXT;
        item.added(reasoning("in_progress"));
        teller.tell(part(".added"));
    }

    void append(final String more) {
        text.append(more);
        teller.tell(item.event(kind.textEvent + ".delta").put(kind.index, 0).put("delta", more));
    }

    @Override
    public void close(final String status) {
        teller.tell(item.event(kind.textEvent + ".done").put(kind.index, 0).put("text", text.toString()));
        teller.tell(part(".done"));
        item.done(json(status));
    }

    private ObjectNode part(final String what) {
        final ObjectNode event = item.event(kind.partEvent + what).put(kind.index, 0);
        event.set("part", Json.object().put("type", kind.part).put("text", text.toString()));
        return event;
    }

    @Override
    public ObjectNode json(final String status) {
        final ObjectNode reasoning = reasoning(status);
        reasoning.putArray(kind.list).addObject().put("type", kind.part).put("text", text.toString());
        if (form.encryptedReasoning()) {
            reasoning.put("encrypted_content", Thought.encode(text.toString()));
        }
        return reasoning;
    }

    private ObjectNode reasoning(final String status) {
        final ObjectNode reasoning = Json.object().put("id", item.id()).put("type", "reasoning").put("status", status);
        reasoning.putArray("summary");
        return reasoning;
    }
}
