package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Json;

/** A call of one of the caller's tools: a function, with arguments in JSON, or a custom tool, with a text. */
final class OpenCall implements OpenItem {
    private final EventTeller teller;
    private final EventTeller.Item item;
    private final String callId;
    private final ToolName name;
    private final CustomInput input; // null: a function
    private final StringBuilder arguments = new StringBuilder();

    OpenCall(final EventTeller teller, final EventTeller.Item item, final String callId, final ToolName name, final boolean custom) {
        this.teller = teller;
        this.item = item;
        this.callId = callId;
        this.name = name;
        this.input = custom ? new CustomInput() : null;
        item.added(json("in_progress"));
    }

    static String type(final boolean custom) {
        return custom ? "custom_tool_call" : "function_call";
    }

    void append(final String fragment) {
        if (input == null) {
            arguments.append(fragment);
            delta("response.function_call_arguments.delta", fragment);
        } else {
            delta("response.custom_tool_call_input.delta", input.take(fragment));
        }
    }

    private void delta(final String type, final String more) {
        if (!more.isEmpty()) {
            teller.tell(item.event(type).put("delta", more));
        }
    }

    @Override
    public void close(final String status) {
        if (input == null) {
            final ObjectNode event = item.event("response.function_call_arguments.done");
            name.write(event);
            teller.tell(event.put("arguments", arguments.toString()));
        } else {
            delta("response.custom_tool_call_input.delta", input.end());
            teller.tell(item.event("response.custom_tool_call_input.done").put("input", input.text()));
        }
        item.done(json(status));
    }

    @Override
    public ObjectNode json(final String status) {
        final ObjectNode call = Json.object().put("id", item.id()).put("type", type(input != null)).put("status", status)
            .put("call_id", callId);
        name.write(call);
        return input == null ? call.put("arguments", arguments.toString()) : call.put("input", input.text());
    }
}
