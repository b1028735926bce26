package io.spillway.grammar;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import java.util.List;
import java.util.Optional;

/**
 * Tool calls as models write them, with arguments that the tool's schema allows. What is written can be read back by the parser of the
 * same format. Pure.
 */
public final class ToolCallGrammar {
    private static final int MAX_CALLS = 128;
    private static final String NO_PARAMETERS = "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";
    /** A text that does not begin as a call does. */
    private static final GrammarSource NO_CALL = new GrammarSource.Regex("\\s*(?:[^{<\\s][\\s\\S]*|<(?:[^|][\\s\\S]*)?)?");
    private static final GrammarSource NOTHING = new GrammarSource.Literal("");

    /** How a model writes its calls. */
    public enum Syntax {
        /** {@code <tool_call>{"name": …, "arguments": {…}}</tool_call>}, one after the other: Hermes, Qwen, Brook. */
        HERMES,
        /** <code>{"name": …, "parameters": {…}}</code> as the whole output, further ones after a semicolon: Llama 3. */
        LLAMA,
        /** {@code [TOOL_CALLS][{"name": …, "arguments": {…}}, …]}: Mistral. */
        MISTRAL,
        /** {@code [TOOL_CALLS]name[ARGS]{…}}, one after the other: newer Mistral. */
        MISTRAL_NAMED,
        /** <code>{"name": …, "arguments": {…}}</code> as the whole output, further ones after a semicolon. */
        JSON
    }

    /** Whether there must be a call. */
    public enum Need {
        /** The model decides; free text otherwise. */
        FREE,
        /** The model decides, and may call none but the tools given although it is told of others; free text otherwise. */
        ONLY_THESE,
        /** None at all: free text only. */
        NONE,
        /** At least one. */
        REQUIRED
    }

    /**
     * A tool that may be called.
     *
     * @param parameters JSON Schema of the arguments, as JSON text; null: none
     * @param strict     whether every keyword of it must be kept
     */
    public record Tool(String name, String parameters, boolean strict) {
    }

    /**
     * What calls there may be.
     *
     * @param tools    those that may be called; for one named tool, only that
     * @param parallel whether there may be more than one call
     */
    public record Calls(List<Tool> tools, Need need, boolean parallel) {
    }

    private final Syntax syntax;
    private final Calls calls;
    private final Whitespace whitespace;

    private ToolCallGrammar(final Syntax syntax, final Calls calls, final Whitespace whitespace) {
        this.syntax = syntax;
        this.calls = calls;
        this.whitespace = whitespace;
    }

    /**
     * @param whitespace of the arguments
     * @return empty where nothing is to be kept: calls are free and no tool is strict
     * @throws SpillwayException when a call is required and there is no tool
     */
    public static Optional<GrammarSource> of(final Syntax syntax, final Calls calls, final Whitespace whitespace) {
        if (calls.need() == Need.FREE && calls.tools().stream().noneMatch(Tool::strict)) {
            return Optional.empty();
        }
        if (calls.tools().isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "tool_choice", "a call is required and there is no tool");
        }
        final ToolCallGrammar grammar = new ToolCallGrammar(syntax, calls, whitespace);
        return Optional.of(switch (calls.need()) {
            case REQUIRED -> grammar.required();
            case NONE -> grammar.none();
            case FREE, ONLY_THESE -> grammar.free();
        });
    }

    private GrammarSource none() {
        return switch (syntax) {
            case HERMES -> new GrammarSource.Without("<tool_call>");
            case MISTRAL, MISTRAL_NAMED -> new GrammarSource.Without("[TOOL_CALLS]");
            case LLAMA, JSON -> NO_CALL;
        };
    }

    private GrammarSource required() {
        return switch (syntax) {
            case HERMES -> repeat(seq(new GrammarSource.Marker("<tool_call>"), afterHermes()), new GrammarSource.Literal("\n"));
            case LLAMA -> seq(new GrammarSource.AnyOf(List.of(NOTHING, new GrammarSource.Marker("<|python_tag|>"))),
                repeat(object("parameters"), new GrammarSource.Literal("; ")));
            case MISTRAL -> seq(new GrammarSource.Marker("[TOOL_CALLS]"), array());
            case MISTRAL_NAMED -> repeat(seq(new GrammarSource.Marker("[TOOL_CALLS]"), named()), NOTHING);
            case JSON -> repeat(object("arguments"), new GrammarSource.Literal("; "));
        };
    }

    /** Where a whole output is a call or text, its beginning tells which; elsewhere text goes on until a marker. */
    private GrammarSource free() {
        return switch (syntax) {
            case HERMES -> triggered("<tool_call>", afterHermes(), calls.parallel());
            case MISTRAL -> triggered("[TOOL_CALLS]", array(), false);
            case MISTRAL_NAMED -> triggered("[TOOL_CALLS]", calls.parallel()
                ? seq(named(), new GrammarSource.AnyOf(List.of(NOTHING, seq(new GrammarSource.Marker("[TOOL_CALLS]"),
                    repeat(named(), new GrammarSource.Marker("[TOOL_CALLS]")))))) : named(), false);
            case LLAMA, JSON -> new GrammarSource.AnyOf(List.of(required(), NO_CALL));
        };
    }

    private static GrammarSource triggered(final String marker, final GrammarSource follows, final boolean again) {
        return new GrammarSource.Triggered(List.of(new GrammarSource.Triggered.Trigger(marker, follows)), again);
    }

    private GrammarSource afterHermes() {
        final GrammarSource line = new GrammarSource.Choice(List.of("", "\n"));
        return seq(line, object("arguments"), line, new GrammarSource.Marker("</tool_call>"));
    }

    private GrammarSource array() {
        return seq(new GrammarSource.Choice(List.of("[", " [")), repeat(object("arguments"), new GrammarSource.Literal(", ")),
            new GrammarSource.Literal("]"));
    }

    private GrammarSource object(final String arguments) {
        return new GrammarSource.AnyOf(calls.tools().stream().map(tool -> seq(
            new GrammarSource.Literal("{\"name\": " + quoted(tool.name()) + ", \"" + arguments + "\": "), schema(tool),
            new GrammarSource.Literal("}"))).toList());
    }

    private GrammarSource named() {
        return new GrammarSource.AnyOf(calls.tools().stream().map(tool -> seq(new GrammarSource.Literal(tool.name()),
            new GrammarSource.Marker("[ARGS]"), schema(tool))).toList());
    }

    private GrammarSource schema(final Tool tool) {
        return new GrammarSource.JsonSchema(tool.parameters() == null ? NO_PARAMETERS : tool.parameters(), tool.strict(), whitespace);
    }

    private static String quoted(final String name) {
        return com.fasterxml.jackson.databind.node.TextNode.valueOf(name).toString();
    }

    private GrammarSource repeat(final GrammarSource body, final GrammarSource separator) {
        return calls.parallel() ? new GrammarSource.Repeat(body, separator, 1, MAX_CALLS) : body;
    }

    private static GrammarSource seq(final GrammarSource... parts) {
        return new GrammarSource.Sequence(List.of(parts));
    }
}
