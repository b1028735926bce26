package io.spillway.sdk;

import io.spillway.domain.error.SpillwayException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Tools that are functions of this program: the model calls them, {@link AgentRun#solve} runs them. Immutable: every method returns a new
 * toolbox. Functions run on the thread that solves, one at a time, in the order of the calls.
 */
public final class Toolbox {
    private final Map<String, Entry<?>> entries;

    private record Entry<A>(ToolSpec spec, Class<A> arguments, Function<A, ?> function) {
        String run(final String argumentsJson) {
            return RecordSchema.write(function.apply(RecordSchema.read(argumentsJson, arguments)));
        }
    }

    private Toolbox(final Map<String, Entry<?>> entries) {
        this.entries = entries;
    }

    /** @return a toolbox with nothing in it */
    public static Toolbox empty() {
        return new Toolbox(Map.of());
    }

    /**
     * @param arguments a record: the model can write no other arguments than such
     * @param function  its result is told to the model as JSON, a text as it is; what it throws, as an error
     * @return this toolbox with one more tool
     */
    public <A> Toolbox with(final String name, final String description, final Class<A> arguments, final Function<A, ?> function) {
        final Map<String, Entry<?>> more = new LinkedHashMap<>(entries);
        more.put(name, new Entry<>(new ToolSpec(name, description, RecordSchema.text(arguments), true), arguments, function));
        return new Toolbox(more);
    }

    /** @return what the model is told of */
    public List<ToolSpec> specs() {
        return entries.values().stream().map(Entry::spec).toList();
    }

    /** @return the result of a call, as a turn of the conversation; a failure is a result too, so that the model can do better */
    public ChatTurn run(final ToolUse use) {
        final Entry<?> entry = entries.get(use.name());
        if (entry == null) {
            return ChatTurn.toolResult(use.id(), "error: there is no tool " + use.name());
        }
        try {
            return ChatTurn.toolResult(use.id(), entry.run(use.argumentsJson()));
        } catch (final SpillwayException e) {
            return ChatTurn.toolResult(use.id(), "error: " + e.getMessage());
        } catch (final RuntimeException e) {
            return ChatTurn.toolResult(use.id(), "error: " + e);
        }
    }
}
