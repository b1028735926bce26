package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * Words a streamed message: {@code message_start}, then per block {@code content_block_start}, deltas and {@code content_block_stop},
 * then {@code message_delta} and {@code message_stop}. Blocks follow one another, they never overlap. Owned by the thread that runs
 * the call.
 */
final class MessageStream {
    private final String id;
    private final MessagesBody.AnswerForm form;
    private InputUsage.Reach reach = InputUsage.Reach.NONE;
    private final List<ObjectNode> events = new ArrayList<>();
    private final StringBuilder held = new StringBuilder(); // white space that may turn out to be all of a text
    private final StringBuilder thought = new StringBuilder();
    private InputUsage input = InputUsage.NONE;
    private Open open = Open.NOTHING;
    private int blocks;
    private boolean known;
    private boolean begun;
    private ChatEvent.ChoiceFinished done;

    /** Which kind of block grows. */
    private enum Open { NOTHING, TEXT, THINKING, CALL }

    MessageStream(final String id, final MessagesBody.AnswerForm form) {
        this.id = id;
        this.form = form;
    }

    /** Takes how far the request's marks reach, before any event. */
    void reaching(final InputUsage.Reach marks) {
        reach = marks;
    }

    /** @return what an event becomes; each has its {@code type}; often nothing */
    List<ObjectNode> on(final ChatEvent event) {
        events.clear();
        switch (event) {
            case ChatEvent.Started started -> {
                input = InputUsage.of(started.sources(), reach);
                known = true;
            }
            case ChatEvent.Tokens _ -> begin();
            case ChatEvent.Reasoning piece -> {
                if (form.thinking().wanted()) {
                    think(piece.text());
                }
            }
            case ChatEvent.Text piece -> text(piece.text());
            case ChatEvent.CallStart start -> {
                open(Open.CALL, MessageJson.call(start));
                delta("input_json_delta", "partial_json", "");
            }
            case ChatEvent.CallArguments more -> delta("input_json_delta", "partial_json", more.fragment());
            case ChatEvent.ChoiceFinished finished -> {
                close();
                done = finished;
            }
            default -> { }
        }
        return List.copyOf(events);
    }

    /** @return a sign of life, once the prompt's way is known: what fails later than this fails within the stream */
    List<ObjectNode> quiet() {
        events.clear();
        if (known) {
            begin();
            events.add(event("ping"));
        }
        return List.copyOf(events);
    }

    /** @return the end of a message that is complete */
    List<ObjectNode> end(final ChatUsage total) {
        events.clear();
        input = InputUsage.of(total.usage(), reach);
        begin();
        final ObjectNode last = event("message_delta");
        last.putObject("delta").put("stop_reason", MessageJson.stopReason(done)).put("stop_sequence", done.stop().orElse(null))
            .<ObjectNode>putNull("stop_details").putNull("container");
        last.set("usage", MessageJson.finalUsage(input, total));
        events.add(last);
        events.add(event("message_stop"));
        return List.copyOf(events);
    }

    private static ObjectNode event(final String type) {
        return Json.object().put("type", type);
    }

    private void begin() {
        if (begun) {
            return;
        }
        begun = true;
        final ObjectNode message = MessageJson.head(id, form.model().value());
        message.set("usage", MessageJson.usage(input, 0, 0));
        events.add(event("message_start").set("message", message));
    }

    private void think(final String words) {
        if (open != Open.THINKING) {
            open(Open.THINKING, MessageJson.thinking());
            thought.setLength(0);
        }
        thought.append(words);
        if (!form.thinking().omitted()) {
            delta("thinking_delta", "thinking", words);
        }
    }

    private void text(final String words) {
        if (open != Open.TEXT) {
            held.append(words);
            if (words.isBlank()) {
                return;
            }
            final String all = held.toString();
            open(Open.TEXT, MessageJson.text());
            delta("text_delta", "text", all);
        } else {
            delta("text_delta", "text", words);
        }
    }

    private void open(final Open kind, final ObjectNode block) {
        close();
        begin();
        open = kind;
        events.add(event("content_block_start").put("index", blocks).set("content_block", block));
    }

    private void delta(final String type, final String field, final String piece) {
        final ObjectNode event = event("content_block_delta").put("index", blocks);
        event.putObject("delta").put("type", type).put(field, piece);
        events.add(event);
    }

    private void close() {
        held.setLength(0);
        if (open == Open.NOTHING) {
            return;
        }
        if (open == Open.THINKING) {
            delta("signature_delta", "signature", MessageJson.signature(thought.toString()));
        }
        events.add(event("content_block_stop").put("index", blocks++));
        open = Open.NOTHING;
    }
}
