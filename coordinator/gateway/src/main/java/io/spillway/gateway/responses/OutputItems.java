package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.TokenText;
import java.util.ArrayList;
import java.util.List;

/** Turns what the model puts out into items, one after the other. Owned by the thread that runs the response. */
final class OutputItems {
    private static final String COMPLETED = "completed";

    private final EventTeller teller;
    private final ResponseRequest request;
    private final List<ObjectNode> done = new ArrayList<>();
    private final List<TokenText> logprobs = new ArrayList<>();
    private final StringBuilder blanks = new StringBuilder();
    private OpenItem open; // null: none

    OutputItems(final EventTeller teller, final ResponseRequest request) {
        this.teller = teller;
        this.request = request;
    }

    void on(final ChatEvent event) {
        switch (event) {
            case ChatEvent.Tokens tokens -> logprobs.addAll(tokens.logprobs());
            case ChatEvent.Reasoning thought -> thought(thought.text());
            case ChatEvent.Text text -> text(text.text());
            case ChatEvent.CallStart start -> call(start);
            case ChatEvent.CallArguments more -> ((OpenCall) open).append(more.fragment());
            case ChatEvent.ChoiceFinished finished ->
                finish(finished.reason() == ChatEvent.ChatFinish.LENGTH ? "incomplete" : COMPLETED);
            default -> { }
        }
    }

    /** @return the items that are complete, and the open one as it stands */
    List<ObjectNode> all() {
        final List<ObjectNode> all = new ArrayList<>(done);
        if (open != null) {
            all.add(open.json("incomplete"));
        }
        return all;
    }

    private void thought(final String text) {
        logprobs.clear();
        if (!(open instanceof OpenReasoning)) {
            close(COMPLETED);
            open = new OpenReasoning(teller, item("reasoning"), request.form());
        }
        ((OpenReasoning) open).append(text);
    }

    /** Blanks alone make no message: models put them between thoughts, texts and calls. */
    private void text(final String text) {
        if (open instanceof OpenMessage message) {
            say(message, text);
            return;
        }
        blanks.append(text);
        if (!text.isBlank()) {
            say(openMessage(), takeBlanks());
        }
    }

    private OpenMessage openMessage() {
        close(COMPLETED);
        final OpenMessage message = new OpenMessage(teller, item("message"));
        open = message;
        return message;
    }

    private void say(final OpenMessage message, final String text) {
        message.append(text, List.copyOf(logprobs));
        logprobs.clear();
    }

    private String takeBlanks() {
        final String taken = blanks.toString();
        blanks.setLength(0);
        return taken;
    }

    private void call(final ChatEvent.CallStart start) {
        logprobs.clear();
        blanks.setLength(0);
        close(COMPLETED);
        final Tool tool = request.tools().get(start.name());
        final boolean custom = tool != null && tool.custom();
        final ToolName name = tool == null ? new ToolName("", start.name()) : tool.name();
        open = new OpenCall(teller, item(OpenCall.type(custom)), start.id(), name, custom);
    }

    private void finish(final String status) {
        if (done.isEmpty() && open == null) {
            final OpenMessage message = openMessage();
            if (!blanks.isEmpty()) {
                say(message, takeBlanks());
            }
        }
        close(status);
    }

    private EventTeller.Item item(final String type) {
        return teller.new Item(request.head().ids().output(type, done.size()), done.size());
    }

    private void close(final String status) {
        if (open != null) {
            open.close(status);
            done.add(open.json(status));
            open = null;
        }
    }
}
