package io.spillway.text.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ToolCallParserTest {
    /** What an output came to: content, then each call as {@code name(id)arguments}. */
    private static List<String> parse(final ToolFormat format, final List<String> pieces) {
        final ToolCallParser parser = format.newParser();
        final StringBuilder content = new StringBuilder();
        final List<String> calls = new ArrayList<>();
        final java.util.function.Consumer<ToolDelta> into = delta -> {
            switch (delta) {
                case ToolDelta.Content text -> {
                    assertThat(text.text()).isNotEmpty();
                    content.append(text.text());
                }
                case ToolDelta.CallStart start -> {
                    assertThat(start.index()).isEqualTo(calls.size());
                    calls.add(start.name() + "(" + start.id() + ")");
                }
                case ToolDelta.CallArguments more -> calls.set(more.index(), calls.get(more.index()) + more.fragment());
            }
        };
        pieces.forEach(piece -> parser.accept(piece, into));
        parser.end(into);
        calls.addFirst(content.toString());
        return calls;
    }

    private static List<String> parse(final ToolFormat format, final String text) {
        return parse(format, List.of(text));
    }

    @Test
    void hermes() {
        assertThat(parse(ToolFormat.HERMES, "Just text <b> \n")).containsExactly("Just text <b> \n");
        assertThat(parse(ToolFormat.HERMES, "Check: x\n<tool_call>\n{\"name\": \"f\", \"arguments\": { \"a\":1.0 }}\n</tool_call>"))
            .containsExactly("Check: x", "f(){ \"a\":1.0 }");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"arguments\": {}, \"name\": \"f\"}</tool_call>\n<tool_call>{\"name\": \"g\", \"arguments\": {\"n\": [{}]}}</tool_call>\n"))
            .containsExactly("", "f(){}", "g(){\"n\": [{}]}");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": {}}")).as("no closing tag").containsExactly("", "f(){}");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call> bye"))
            .containsExactly(" bye", "f(){\"a\": 1}");
    }

    @Test
    void malformedHermesCallsAreContent() {
        for (final String broken : List.of(
            "<tool_call>{\"name\": 1, \"arguments\": {}}</tool_call>",
            "<tool_call>{\"name\": \"f\"}</tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
            "<tool_call>{} {}</tool_call>", "<tool_call></tool_call>", "<tool_call>[]</tool_call>", "x\n<tool_call>{\"name\"", "a <tool_cal", "<tool_call>{\"arguments\": {}, \"name\": \"f\"} x</tool_call>\n")) {
            assertThat(parse(ToolFormat.HERMES, broken)).as(broken).containsExactly(broken);
        }
        assertThat(parse(ToolFormat.HERMES, "<tool_call>no</tool_call>\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>"))
            .containsExactly("<tool_call>no</tool_call>", "f(){}");
    }

    /** What a client is told after each character of a call. */
    @Test
    void hermesArgumentsComeAsTheyAreWritten() {
        final ToolCallParser parser = ToolFormat.HERMES.newParser();
        final List<ToolDelta> told = new ArrayList<>();
        parser.accept("I write. <tool_call>\n{\"name\": \"write\", \"arg", told::add);
        assertThat(told).containsExactly(new ToolDelta.Content("I write. "));
        told.clear();
        parser.accept("uments\": {\"text\": \"a {", told::add);
        assertThat(told).containsExactly(new ToolDelta.CallStart(0, "", "write"), new ToolDelta.CallArguments(0, "{\"text\": \"a {"));
        told.clear();
        parser.accept("\\\" b <", told::add);
        assertThat(told).as("the bracket may begin the closing tag").containsExactly(new ToolDelta.CallArguments(0, "\\\" b "));
        told.clear();
        parser.accept("i>\"}", told::add);
        parser.accept("}\n</tool_call>\n", told::add);
        parser.end(told::add);
        assertThat(told).containsExactly(new ToolDelta.CallArguments(0, "<i>\"}"));
    }

    @Test
    void hermesCallsThatEndOddly() {
        assertThat(parse(ToolFormat.HERMES, "<tool_call>\n{\"name\": \"f\", \"arguments\": {}\n</tool_call>")).as("no brace").containsExactly("", "f(){}");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b")).as("cut off").containsExactly("", "f(){\"a\": \"b");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": {'a': 1}}</tool_call>")).as("as written").containsExactly("", "f(){'a': 1}");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"id\": 3}</tool_call>")).containsExactly("", "f(){}");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": {}} x</tool_call>\n")).containsExactly(" x\n", "f(){}");
        assertThat(parse(ToolFormat.HERMES, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"</tool_call>\n<tool_call>{\"name\": \"g\", \"arguments\": {}}"))
            .as("the tag ends a call wherever it stands").containsExactly("", "f(){\"a\": \"", "g(){}");
    }

    @Test
    void llama() {
        assertThat(parse(ToolFormat.LLAMA, "{\"name\": \"f\", \"parameters\": {\"a\": \"é\"}}")).containsExactly("", "f(){\"a\": \"é\"}");
        assertThat(parse(ToolFormat.LLAMA, "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}"))
            .containsExactly("", "f(){}", "g(){}");
        assertThat(parse(ToolFormat.LLAMA, "<|python_tag|>search.call(query=\"x\")")).containsExactly("<|python_tag|>search.call(query=\"x\")");
        assertThat(parse(ToolFormat.LLAMA, "{\"answer\": 42}")).containsExactly("{\"answer\": 42}");
        assertThat(parse(ToolFormat.LLAMA, "Sure: {\"name\": \"f\", \"parameters\": {}}")).containsExactly("Sure: {\"name\": \"f\", \"parameters\": {}}");
    }

    @Test
    void mistral() {
        assertThat(parse(ToolFormat.MISTRAL, "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"a\": 1}, \"id\": \"abcdefghi\"}, {\"name\": \"g\", \"arguments\": {}}]"))
            .containsExactly("", "f(abcdefghi){\"a\": 1}", "g(){}");
        assertThat(parse(ToolFormat.MISTRAL, "ok[TOOL_CALLS]f[CALL_ID]x1[ARGS]{\"a\": 1}[TOOL_CALLS]g[ARGS]{}"))
            .containsExactly("ok", "f(x1){\"a\": 1}", "g(){}");
        assertThat(parse(ToolFormat.MISTRAL, "[TOOL_CALLS][{\"name\": \"f\"")).containsExactly("[TOOL_CALLS][{\"name\": \"f\"");
        assertThat(parse(ToolFormat.MISTRAL, "a [TOOL")).containsExactly("a [TOOL");
    }

    @Provide
    static Arbitrary<String> outputs() {
        return Arbitraries.of("<tool_call>", "</tool_call>", "\n", "{\"name\": \"f\", \"arguments\": {\"a\": \"}\"}}", "text", "<tool", " ", "{", "[TOOL_CALLS]", "[ARGS]",
            "[{\"name\": \"f\", \"arguments\": {}}]", "<|python_tag|>", "{\"name\": \"g\", \"parameters\": {}}", ";", "é👩").list().ofMaxSize(12).map(list -> String.join("", list));
    }

    @Property
    void theCutsDoNotMatter(@ForAll("outputs") final String output, @ForAll final ToolFormat format, @ForAll final long seed) {
        final RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
        final List<String> pieces = new ArrayList<>();
        for (int at = 0; at < output.length();) {
            final int size = Math.min(output.length() - at, 1 + random.nextInt(6));
            pieces.add(output.substring(at, at + size));
            at += size;
        }
        assertThat(parse(format, pieces)).isEqualTo(parse(format, output));
    }

    /** Without a call, nothing of the output is lost or added. */
    @Property
    void contentIsWholeWhenThereIsNoCall(@ForAll("outputs") final String output, @ForAll final ToolFormat format) {
        final List<String> parsed = parse(format, output);
        if (parsed.size() == 1) {
            assertThat(parsed.getFirst()).isEqualTo(output);
        }
    }

    @ParameterizedTest
    @EnumSource(ToolFormat.class)
    void anEmptyOutputIsNothing(final ToolFormat format) {
        assertThat(parse(format, List.of())).containsExactly("");
    }

    @Test
    void theTemplateTellsTheFormat() {
        assertThat(ToolFormat.of("x <tool_call> y")).isEqualTo(ToolFormat.HERMES);
        assertThat(ToolFormat.of("[TOOL_CALLS]")).isEqualTo(ToolFormat.MISTRAL);
        assertThat(ToolFormat.of("<|start_header_id|> {\"name\": x, \"parameters\": y}")).isEqualTo(ToolFormat.LLAMA);
        assertThat(ToolFormat.of("<|im_start|>")).isEqualTo(ToolFormat.NONE);
    }
}
