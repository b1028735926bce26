package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.TokenText;
import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The words of {@code chat.completion} and {@code chat.completion.chunk}. */
final class ChatShape implements AnswerShape {
    private final String id;
    private final long createdSeconds;
    private final AnswerForm form;
    private final Choice[] choices;
    private final Set<String> customTools;

    /** A call as it grows. The text of a custom tool's call can be told when the call is complete. */
    private record Call(int index, String id, String name, boolean custom, StringBuilder arguments) {
        private ObjectNode json(final boolean whole) {
            final ObjectNode call = Json.object().put("id", id).put("type", custom ? "custom" : "function");
            final String text = arguments.toString();
            call.putObject(custom ? "custom" : "function").put("name", name)
                .put(custom ? "input" : "arguments", whole && custom ? CustomTools.input(text) : text);
            return call;
        }
    }

    /** What is known of one choice. */
    private static final class Choice {
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder thought = new StringBuilder();
        private final List<Call> calls = new ArrayList<>();
        private final List<TokenText> logprobs = new ArrayList<>();
        private String finish;
        private boolean begun;
    }

    /** @param customTools names of the tools that take a plain text */
    ChatShape(final String id, final long createdSeconds, final AnswerForm form, final int outputs, final Set<String> customTools) {
        this.customTools = customTools;
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
            case ChatEvent.CallStart start -> {
                final List<ObjectNode> chunks = new ArrayList<>(customText(start.choice()));
                chunks.add(chunk(start.choice(), callDelta(opened(start)), null));
                yield withRole(start.choice(), chunks);
            }
            case ChatEvent.CallArguments more -> arguments(more);
            case ChatEvent.ChoiceFinished done -> {
                final List<ObjectNode> chunks = new ArrayList<>(customText(done.choice()));
                chunks.add(chunk(done.choice(), Json.object(), AnswerJson.finish(done.reason())));
                yield withRole(done.choice(), chunks);
            }
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

    private Call opened(final ChatEvent.CallStart start) {
        final Call call = new Call(start.index(), start.id(), start.name(), customTools.contains(start.name()), new StringBuilder());
        choices[start.choice()].calls.add(call);
        return call;
    }

    private static ObjectNode callDelta(final Call call) {
        final ObjectNode delta = Json.object();
        delta.putArray("tool_calls").add(Json.object().put("index", call.index).<ObjectNode>setAll(call.json(false)));
        return delta;
    }

    private List<ObjectNode> arguments(final ChatEvent.CallArguments more) {
        final Call call = choices[more.choice()].calls.get(more.index());
        if (call.custom) {
            call.arguments.append(more.fragment());
            return List.of();
        }
        return List.of(chunk(more.choice(), argumentsDelta(call, more.fragment()), null));
    }

    /** @return what completes the last call, if that is one of a custom tool */
    private List<ObjectNode> customText(final int choice) {
        final List<Call> calls = choices[choice].calls;
        return calls.isEmpty() || !calls.getLast().custom ? List.of()
            : List.of(chunk(choice, argumentsDelta(calls.getLast(), CustomTools.input(calls.getLast().arguments.toString())), null));
    }

    private static ObjectNode argumentsDelta(final Call call, final String fragment) {
        final ObjectNode delta = Json.object();
        delta.putArray("tool_calls").addObject().put("index", call.index)
            .putObject(call.custom ? "custom" : "function").put(call.custom ? "input" : "arguments", fragment);
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
            case ChatEvent.CallStart start -> opened(start);
            case ChatEvent.CallArguments more -> choices[more.choice()].calls.get(more.index()).arguments.append(more.fragment());
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
            choice.calls.forEach(call -> calls.add(call.json(true)));
        }
        if (form.logprobs()) {
            node.set("logprobs", AnswerJson.logprobs(choice.logprobs));
        } else {
            node.putNull("logprobs");
        }
        return node.put("finish_reason", choice.finish);
    }
}
