package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.TokenText;
import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.List;

/** The words of {@code chat.completion} and {@code chat.completion.chunk}. */
final class ChatShape implements AnswerShape {
    private final String id;
    private final long createdSeconds;
    private final AnswerForm form;
    private final Choice[] choices;

    /** What is known of one choice. */
    private static final class Choice {
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder thought = new StringBuilder();
        private final List<ObjectNode> calls = new ArrayList<>();
        private final List<StringBuilder> arguments = new ArrayList<>();
        private final List<TokenText> logprobs = new ArrayList<>();
        private String finish;
        private boolean begun;
    }

    ChatShape(final String id, final long createdSeconds, final AnswerForm form, final int outputs) {
        this.id = id;
        this.createdSeconds = createdSeconds;
        this.form = form;
        this.choices = new Choice[outputs];
        java.util.Arrays.setAll(choices, choice -> new Choice());
    }

    @Override
    public List<ObjectNode> chunks(final ChatEvent event) {
        return switch (event) {
            case ChatEvent.Tokens tokens -> {
                choices[tokens.choice()].logprobs.addAll(tokens.logprobs());
                yield withRole(tokens.choice(), List.of());
            }
            case ChatEvent.Text text -> withRole(text.choice(), List.of(
                chunk(text.choice(), Json.object().put("content", text.text()), null)));
            case ChatEvent.Reasoning thought -> withRole(thought.choice(), List.of(
                chunk(thought.choice(), Json.object().put("reasoning_content", thought.text()), null)));
            case ChatEvent.CallStart start -> withRole(start.choice(), List.of(
                chunk(start.choice(), callDelta(start), null)));
            case ChatEvent.CallArguments more -> List.of(chunk(more.choice(), argumentsDelta(more), null));
            case ChatEvent.ChoiceFinished done -> withRole(done.choice(), List.of(
                chunk(done.choice(), Json.object(), AnswerJson.finish(done.reason()))));
            default -> List.of();
        };
    }

    private List<ObjectNode> withRole(final int choice, final List<ObjectNode> chunks) {
        if (choices[choice].begun) {
            return chunks;
        }
        choices[choice].begun = true;
        final List<ObjectNode> all = new ArrayList<>();
        final ObjectNode first = head("chat.completion.chunk");
        first.putArray("choices").add(choice(choice, null).set("delta",
            Json.object().put("role", "assistant").put("content", "")));
        all.add(first);
        all.addAll(chunks);
        return all;
    }

    private ObjectNode chunk(final int choice, final ObjectNode delta, final String finish) {
        final ObjectNode chunk = head("chat.completion.chunk");
        final ObjectNode node = choice(choice, finish);
        node.set("delta", delta);
        if (!choices[choice].logprobs.isEmpty()) {
            node.set("logprobs", AnswerJson.logprobs(choices[choice].logprobs));
            choices[choice].logprobs.clear();
        }
        chunk.putArray("choices").add(node);
        return chunk;
    }

    private static ObjectNode choice(final int index, final String finish) {
        return Json.object().put("index", index).putNull("delta").<ObjectNode>putNull("logprobs").put("finish_reason", finish);
    }

    private static ObjectNode callDelta(final ChatEvent.CallStart start) {
        final ObjectNode delta = Json.object();
        final ObjectNode call = delta.putArray("tool_calls").addObject();
        call.put("index", start.index()).put("id", start.id()).put("type", "function");
        call.putObject("function").put("name", start.name()).put("arguments", "");
        return delta;
    }

    private static ObjectNode argumentsDelta(final ChatEvent.CallArguments more) {
        final ObjectNode delta = Json.object();
        delta.putArray("tool_calls").addObject().put("index", more.index())
            .putObject("function").put("arguments", more.fragment());
        return delta;
    }

    @Override
    public ObjectNode usageChunk() {
        final ObjectNode chunk = head("chat.completion.chunk");
        chunk.putArray("choices");
        return chunk;
    }

    private ObjectNode head(final String object) {
        return AnswerJson.head(id, object, createdSeconds, form);
    }

    @Override
    public void collect(final ChatEvent event) {
        switch (event) {
            case ChatEvent.Tokens tokens -> choices[tokens.choice()].logprobs.addAll(tokens.logprobs());
            case ChatEvent.Text text -> choices[text.choice()].text.append(text.text());
            case ChatEvent.Reasoning thought -> choices[thought.choice()].thought.append(thought.text());
            case ChatEvent.CallStart start -> {
                final ObjectNode call = Json.object().put("id", start.id()).put("type", "function");
                call.putObject("function").put("name", start.name());
                choices[start.choice()].calls.add(call);
                choices[start.choice()].arguments.add(new StringBuilder());
            }
            case ChatEvent.CallArguments more -> choices[more.choice()].arguments.get(more.index()).append(more.fragment());
            case ChatEvent.ChoiceFinished done -> choices[done.choice()].finish = AnswerJson.finish(done.reason());
            default -> { }
        }
    }

    @Override
    public ObjectNode answer() {
        final ObjectNode answer = head("chat.completion");
        final ArrayNode list = answer.putArray("choices");
        for (int index = 0; index < choices.length; index++) {
            list.add(whole(index, choices[index]));
        }
        form.metadata().ifPresent(metadata -> answer.set("metadata", metadata));
        return answer;
    }

    private ObjectNode whole(final int index, final Choice choice) {
        final ObjectNode node = Json.object().put("index", index);
        final ObjectNode message = node.putObject("message").put("role", "assistant");
        message.put("content", choice.text.isEmpty() && !choice.calls.isEmpty() ? null : choice.text.toString());
        message.putNull("refusal");
        if (!choice.thought.isEmpty()) {
            message.put("reasoning_content", choice.thought.toString());
        }
        if (!choice.calls.isEmpty()) {
            final ArrayNode calls = message.putArray("tool_calls");
            for (int call = 0; call < choice.calls.size(); call++) {
                ((ObjectNode) choice.calls.get(call).get("function")).put("arguments", choice.arguments.get(call).toString());
                calls.add(choice.calls.get(call));
            }
        }
        if (form.logprobs()) {
            node.set("logprobs", AnswerJson.logprobs(choice.logprobs));
        } else {
            node.putNull("logprobs");
        }
        return node.put("finish_reason", choice.finish);
    }
}
