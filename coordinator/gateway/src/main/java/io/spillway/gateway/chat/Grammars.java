package io.spillway.gateway.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.OutputGrammar;
import io.spillway.gateway.chat.ChatRequest.ToolCalls;
import io.spillway.grammar.Grammar;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.GrammarText;
import io.spillway.grammar.ToolCallGrammar;
import io.spillway.grammar.schema.Whitespace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finds the grammar that a request's output must satisfy, and refuses one that cannot be kept before any node sees the request.
 * Remembers the grammars that were found sound lately. Any thread.
 */
final class Grammars {
    /** The kind that nodes know: {@link GrammarText}. */
    static final String KIND = "spillway";
    private static final int REMEMBERED = 512;
    private static final JsonMapper JSON = new JsonMapper();

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<GrammarSource, OutputGrammar> sound = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(final Map.Entry<GrammarSource, OutputGrammar> eldest) {
            return size() > REMEMBERED;
        }
    };

    /**
     * @param thought a thought before the answer is free; what is asked of the answer holds from its end
     * @return what the output must look like; empty = anything
     * @throws SpillwayException naming the field of the request, and within a schema the place
     */
    Optional<OutputGrammar> of(final ChatRequest request, final Prompt prompt, final ChatModel model, final ChatModel.Thought thought) {
        final OutputShape shape = request.options().shape();
        final Optional<GrammarSource> calls = calls(request, prompt, model);
        final Optional<GrammarSource> format = shape.format();
        if (request.options().demand().isPresent() && calls.isPresent() || format.isEmpty()) {
            return calls.map(source -> checked(Thoughts.before(source, thought), "tools"));
        }
        final OutputGrammar alone = checked(Thoughts.before(format.get(), thought), field(format.get()));
        final Optional<GrammarSource> mayCall = requiredCalls(request, prompt, model);
        return Optional.of(mayCall.map(call ->
            checked(Thoughts.before(new GrammarSource.AnyOf(List.of(call, format.get())), thought), "tools")).orElse(alone));
    }

    private static Optional<GrammarSource> calls(final ChatRequest request, final Prompt prompt, final ChatModel model) {
        return calls(request, prompt, model, need(request.options()));
    }

    private static ToolCallGrammar.Need need(final ChatRequest.Options options) {
        if (options.toolCalls() == ToolCalls.NONE) {
            return ToolCallGrammar.Need.NONE;
        }
        if (options.demand().isPresent()) {
            return ToolCallGrammar.Need.REQUIRED;
        }
        return options.shape().allowedTools().isEmpty() ? ToolCallGrammar.Need.FREE : ToolCallGrammar.Need.ONLY_THESE;
    }

    private static Optional<GrammarSource> requiredCalls(final ChatRequest request, final Prompt prompt, final ChatModel model) {
        return calls(request, prompt, model, ToolCallGrammar.Need.REQUIRED);
    }

    private static Optional<GrammarSource> calls(
        final ChatRequest request, final Prompt prompt, final ChatModel model, final ToolCallGrammar.Need need) {
        final boolean fits = (request.options().toolCalls() == ToolCalls.NONE) == (need == ToolCallGrammar.Need.NONE);
        if (!fits || !(prompt instanceof Prompt.Messages messages) || messages.tools().isEmpty()) {
            return Optional.empty();
        }
        final boolean parallel = request.options().toolCalls() == ToolCalls.MANY;
        final List<ToolCallGrammar.Tool> tools = tools(messages, request.options().shape());
        if (tools.isEmpty() && need != ToolCallGrammar.Need.REQUIRED) {
            return Optional.empty();
        }
        return model.callSyntax().flatMap(syntax ->
            ToolCallGrammar.of(syntax, new ToolCallGrammar.Calls(tools, need, parallel), Whitespace.FLEXIBLE));
    }

    private static List<ToolCallGrammar.Tool> tools(final Prompt.Messages messages, final OutputShape shape) {
        final List<ToolCallGrammar.Tool> tools = new ArrayList<>();
        for (final Map<String, Object> tool : messages.tools()) {
            if (tool.get("function") instanceof Map<?, ?> function) {
                final String name = String.valueOf(function.get("name"));
                if (shape.allows(name)) {
                    tools.add(new ToolCallGrammar.Tool(name, json(function.get("parameters")), shape.strictTools().contains(name)));
                }
            }
        }
        return tools;
    }

    private static String json(final Object value) {
        try {
            return value == null ? null : JSON.writeValueAsString(value);
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("a schema was read from JSON and can be written", e);
        }
    }

    private OutputGrammar checked(final GrammarSource source, final String field) {
        lock.lock();
        try {
            final OutputGrammar known = sound.get(source);
            if (known != null) {
                return known;
            }
        } finally {
            lock.unlock();
        }
        final OutputGrammar found = check(source, field);
        lock.lock();
        try {
            sound.put(source, found);
        } finally {
            lock.unlock();
        }
        return found;
    }

    private static String field(final GrammarSource format) {
        return format instanceof GrammarSource.JsonSchema ? "response_format.json_schema.schema" : "response_format";
    }

    private static OutputGrammar check(final GrammarSource source, final String field) {
        try {
            Grammar.of(source);
        } catch (final SpillwayException e) {
            final String at = e.field().filter(place -> place.startsWith("#")).map(place -> " at " + place).orElse("");
            throw SpillwayException.ofField(e.code(), field, "Invalid schema or grammar for '" + field + "'" + at + ": " + e.getMessage());
        }
        final String text = GrammarText.write(source);
        if (text.length() > OutputGrammar.TEXT_CHARS_MAX) {
            throw SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, field, "The grammar is too long");
        }
        return new OutputGrammar(KIND, text);
    }
}
