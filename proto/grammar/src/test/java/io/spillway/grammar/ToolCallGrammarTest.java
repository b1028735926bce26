package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import io.spillway.text.tools.ToolCallParser;
import io.spillway.text.tools.ToolDelta;
import io.spillway.text.tools.ToolFormat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written under a tool call's grammar is what the parser of the same format reads. */
class ToolCallGrammarTest {
    private static final TestVocabulary VOCABULARY = TestVocabulary.of(4, 1_500, 10);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final List<ToolCallGrammar.Tool> TOOLS = List.of(
        new ToolCallGrammar.Tool("weather", "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"maxLength\":8},"
            + "\"unit\":{\"enum\":[\"c\",\"f\"]}},\"required\":[\"city\",\"unit\"],\"additionalProperties\":false}", true),
        new ToolCallGrammar.Tool("now", null, false));
    private static final Map<ToolCallGrammar.Syntax, ToolFormat> FORMATS = Map.of(ToolCallGrammar.Syntax.HERMES, ToolFormat.HERMES,
        ToolCallGrammar.Syntax.LLAMA, ToolFormat.LLAMA, ToolCallGrammar.Syntax.MISTRAL, ToolFormat.MISTRAL,
        ToolCallGrammar.Syntax.MISTRAL_NAMED, ToolFormat.MISTRAL, ToolCallGrammar.Syntax.JSON, ToolFormat.LLAMA);

    private static CompiledGrammar grammar(final ToolCallGrammar.Syntax syntax, final ToolCallGrammar.Need need, final boolean parallel) {
        return new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(ToolCallGrammar.of(syntax,
            new ToolCallGrammar.Calls(TOOLS, need, parallel), Whitespace.FLEXIBLE).orElseThrow());
    }

    private static List<ToolDelta> parse(final ToolCallGrammar.Syntax syntax, final String output) {
        final ToolCallParser parser = FORMATS.get(syntax).newParser();
        final List<ToolDelta> deltas = new ArrayList<>();
        parser.accept(output, deltas::add);
        parser.end(deltas::add);
        return deltas;
    }

    @ParameterizedTest
    @EnumSource(ToolCallGrammar.Syntax.class)
    void requiredCallsAreReadBackWithValidArguments(final ToolCallGrammar.Syntax syntax) throws Exception {
        int calls = 0;
        for (int i = 0; i < 30; i++) {
            final boolean parallel = i % 2 == 0;
            final String output = Outputs.random(grammar(syntax, ToolCallGrammar.Need.REQUIRED, parallel), VOCABULARY, new Random(i), 60);
            final List<ToolDelta> deltas = parse(syntax, output);
            assertThat(deltas).as(output).noneMatch(ToolDelta.Content.class::isInstance);
            final long found = deltas.stream().filter(ToolDelta.CallStart.class::isInstance).count();
            assertThat(found).as(output).isPositive();
            assertThat(parallel || found == 1).isTrue();
            for (int d = 0; d < deltas.size(); d += 2) {
                check(((ToolDelta.CallStart) deltas.get(d)).name(), ((ToolDelta.CallArguments) deltas.get(d + 1)).fragment());
                calls++;
            }
        }
        assertThat(calls).isGreaterThan(30);
    }

    private static void check(final String name, final String arguments) throws Exception {
        final JsonNode value = MAPPER.readTree(arguments);
        if (name.equals("now")) {
            assertThat(value).isEmpty();
        } else {
            assertThat(name).isEqualTo("weather");
            assertThat(value).hasSize(2);
            assertThat(value.path("unit").asText()).isIn("c", "f");
            assertThat(value.path("city").isTextual()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(ToolCallGrammar.Syntax.class)
    void freeTextAndFreeCallsAreBothLetThrough(final ToolCallGrammar.Syntax syntax) {
        final Grammar grammar = grammar(syntax, ToolCallGrammar.Need.FREE, true).grammar();
        final String arguments = "{\"city\":\"Bern\",\"unit\":\"c\"}";
        final String call = switch (syntax) {
            case HERMES -> "Let me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": " + arguments + "}\n</tool_call>\n<tool_call>\n"
                + "{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
            case LLAMA -> "{\"name\": \"weather\", \"parameters\": " + arguments + "}; {\"name\": \"now\", \"parameters\": {}}";
            case MISTRAL -> "Well: [TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": " + arguments + "}, {\"name\": \"now\", \"arguments\": {}}]";
            case MISTRAL_NAMED -> "[TOOL_CALLS]weather[ARGS]" + arguments + "[TOOL_CALLS]now[ARGS]{}";
            case JSON -> "{\"name\": \"weather\", \"arguments\": " + arguments + "}";
        };
        assertThat(accepts(grammar, "It is 7 < 8, \"warm\" [sic] and {sunny}.")).isTrue();
        assertThat(accepts(grammar, "")).isTrue();
        assertThat(accepts(grammar, call)).as(call).isTrue();
        assertThat(parse(syntax, call)).filteredOn(ToolDelta.CallStart.class::isInstance).isNotEmpty();
        assertThat(accepts(grammar, call.replace("\"unit\":\"c\"", "\"unit\":\"k\""))).isFalse();
        assertThat(accepts(grammar, call.replace("weather", "whether"))).isFalse();
    }

    private static boolean accepts(final Grammar grammar, final String text) {
        return grammar.accepts(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void nothingIsKeptWhereNothingIsAskedFor() {
        final List<ToolCallGrammar.Tool> loose = List.of(new ToolCallGrammar.Tool("now", null, false));
        assertThat(ToolCallGrammar.of(ToolCallGrammar.Syntax.HERMES, new ToolCallGrammar.Calls(loose, ToolCallGrammar.Need.FREE, true), Whitespace.COMPACT)).isEmpty();
        assertThatThrownBy(() -> ToolCallGrammar.of(ToolCallGrammar.Syntax.HERMES,
            new ToolCallGrammar.Calls(List.of(), ToolCallGrammar.Need.REQUIRED, true), Whitespace.COMPACT)).isInstanceOf(SpillwayException.class);
    }

    @Test
    void sourcesSurviveTheWayAsText() {
        final List<GrammarSource> sources = new ArrayList<>();
        for (final ToolCallGrammar.Syntax syntax : ToolCallGrammar.Syntax.values()) {
            for (final ToolCallGrammar.Need need : ToolCallGrammar.Need.values()) {
                sources.add(ToolCallGrammar.of(syntax, new ToolCallGrammar.Calls(TOOLS, need, true), Whitespace.SPACED).orElseThrow());
            }
        }
        sources.add(new GrammarSource.Gbnf("root ::= \"a\"\n"));
        sources.add(new GrammarSource.JsonObject(Whitespace.COMPACT));
        for (final GrammarSource source : sources) {
            assertThat(GrammarText.read(GrammarText.write(source))).isEqualTo(source);
        }
        for (final String bad : List.of("", "{", "{}", "[]", "{\"kind\":\"x\"}", "{\"kind\":\"regex\"}", "{\"kind\":\"json_object\",\"whitespace\":\"x\"}",
            "{\"kind\":\"sequence\",\"parts\":[{}]}")) {
            assertThatThrownBy(() -> GrammarText.read(bad)).isInstanceOf(SpillwayException.class);
        }
    }

    /** Where only some tools may be called, free text stays free and calls of others cannot be written, though no tool is strict. */
    @Test
    void onlyTheseToolsCanBeCalledAndNoneMustBe() {
        final List<ToolCallGrammar.Tool> these = List.of(new ToolCallGrammar.Tool("now", null, false));
        final GrammarState state = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(ToolCallGrammar.of(
            ToolCallGrammar.Syntax.HERMES, new ToolCallGrammar.Calls(these, ToolCallGrammar.Need.ONLY_THESE, true), Whitespace.FLEXIBLE)
            .orElseThrow()).start();
        assertThat(state.mayEnd()).isTrue();
        for (final byte value : "The weather? <tool_call>\n{\"name\": \"".getBytes(StandardCharsets.UTF_8)) {
            assertThat(state.advance(value & 0xff)).isTrue();
        }
        assertThat(state.advance('w')).isFalse();
        assertThat(state.advance('n')).isTrue();
    }

    /** Whatever a model writes that may not call anything, no parser reads a call in it. */
    @ParameterizedTest
    @EnumSource(ToolCallGrammar.Syntax.class)
    void whereNoCallIsAllowedNoneIsWritten(final ToolCallGrammar.Syntax syntax) {
        for (int i = 0; i < 20; i++) {
            final String output = Outputs.random(grammar(syntax, ToolCallGrammar.Need.NONE, true), VOCABULARY, new Random(i), 40);
            assertThat(parse(syntax, output)).as(output).noneMatch(ToolDelta.CallStart.class::isInstance);
        }
        final GrammarState state = grammar(ToolCallGrammar.Syntax.HERMES, ToolCallGrammar.Need.NONE, true).start();
        for (final byte value : "Never <tool_call".getBytes(StandardCharsets.UTF_8)) {
            assertThat(state.advance(value & 0xff)).isTrue();
        }
        assertThat(state.mayEnd()).isTrue();
        assertThat(state.advance('>')).isFalse();
        assertThat(state.advance('s')).isTrue();
    }
}
