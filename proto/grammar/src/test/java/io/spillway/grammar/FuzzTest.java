package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

/** Hostile sources: only typed errors, and what is accepted can be followed. Bounds are of work, so no clock is asked. */
class FuzzTest {
    private static final TestVocabulary VOCABULARY = TestVocabulary.of(6, 300, 8);
    private static final List<String> REGEXES = List.of("^[a-z]{1,10}(\\d+|x)?$", "(a|b)*c{2,}", "\\p{L}[^\\w\\s]+(?i:z)", "((a{10}){10}){10}");
    private static final List<String> GRAMMARS = List.of("root ::= \"a\" b | [^x]{2,5}\nb ::= (root \"c\")* <t>\n", "root ::= root \"+\" t | t\nt ::= [0-9]+ # n\n");
    private static final String PIECES = "{}[]()^$*+?|\\\"',:-0123456789abdntuxpNLU.<>!#= \n\u00e9";

    @Property(tries = 400, shrinking = ShrinkingMode.OFF)
    void brokenSourcesGetTypedErrors(@ForAll final long seed) {
        check(seed);
    }

    @Tag("slow")
    @Property(tries = 400_000, shrinking = ShrinkingMode.OFF)
    void brokenSourcesGetTypedErrorsForLong(@ForAll final long seed) {
        check(seed);
    }

    private static void check(final long seed) {
        final Random random = new Random(seed);
        final GrammarSource source = switch (random.nextInt(4)) {
            case 0 -> new GrammarSource.Regex(broken(REGEXES.get(random.nextInt(REGEXES.size())), random));
            case 1 -> new GrammarSource.Gbnf(broken(random.nextBoolean() ? RandomGrammars.gbnf(random) : GRAMMARS.get(random.nextInt(2)), random));
            case 2 -> new GrammarSource.JsonSchema(broken(RandomSchemas.next(random).schema().toString(), random), random.nextBoolean(), Whitespace.FLEXIBLE);
            default -> new GrammarSource.JsonSchema(swapped(random), random.nextBoolean(), Whitespace.COMPACT);
        };
        try {
            final CompiledGrammar grammar = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(source);
            // Fails by itself when nothing may come.
            Outputs.random(grammar, VOCABULARY, random, 4);
        } catch (final SpillwayException refused) {
            assertThat(refused.code()).as("%s", source).isNotEqualTo(ErrorCode.INTERNAL);
        }
    }

    private static String broken(final String text, final Random random) {
        final StringBuilder broken = new StringBuilder(text);
        for (int i = 1 + random.nextInt(4); i > 0 && !broken.isEmpty(); i--) {
            final int at = random.nextInt(broken.length());
            switch (random.nextInt(5)) {
                case 0 -> broken.deleteCharAt(at);
                case 1 -> broken.insert(at, PIECES.charAt(random.nextInt(PIECES.length())));
                case 2 -> broken.setCharAt(at, PIECES.charAt(random.nextInt(PIECES.length())));
                case 3 -> broken.insert(at, broken.substring(at, Math.min(broken.length(), at + random.nextInt(20))));
                default -> broken.setCharAt(at, (char) random.nextInt(0x10000));
            }
        }
        return broken.toString();
    }

    /** A schema in which values of keywords stand where others should. */
    private static String swapped(final Random random) {
        final String schema = RandomSchemas.next(random).schema().toString();
        final List<String> words = List.of("\"type\"", "\"anyOf\"", "\"allOf\"", "\"oneOf\"", "\"$ref\"", "\"items\"", "\"enum\"", "\"minLength\"", "\"pattern\"",
            "\"maxItems\"", "\"required\"", "\"properties\"", "\"additionalProperties\"", "\"minimum\"", "\"prefixItems\"", "\"const\"", "\"propertyNames\"");
        String swapped = schema;
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            swapped = swapped.replace(words.get(random.nextInt(words.size())), words.get(random.nextInt(words.size())));
        }
        return swapped;
    }

    /** Each of these would explode if its size were not looked at first. */
    @Test
    void bombsAreDefused() {
        final StringBuilder definitions = new StringBuilder("{\"$defs\":{\"d0\":{\"type\":\"integer\"}");
        for (int i = 1; i < 60; i++) {
            definitions.append(",\"d").append(i).append("\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/d").append(i - 1)
                .append("\"},\"b\":{\"$ref\":\"#/$defs/d").append(i - 1).append("\"}},\"required\":[\"a\",\"b\"]}");
        }
        final String many = "{\"anyOf\":[" + "{\"maxLength\":3},".repeat(19) + "{\"minLength\":2}]}";
        final List<GrammarSource> bombs = List.of(
            new GrammarSource.Regex("((((a{1000}){1000}){1000}){1000}){1000}"), new GrammarSource.Regex("(" .repeat(150) + "a" + ")*".repeat(150)),
            new GrammarSource.Regex("(a|b)*a(a|b){900}"), new GrammarSource.Regex("(a?){500}(a?){500}"), new GrammarSource.Regex("(\\p{L}{1,400}\\W?){1,400}"),
            new GrammarSource.Gbnf("root ::= a a\na ::= b b\nb ::= c c\nc ::= d{5000}\nd ::= e{5000}\ne ::= \"x\"{5000}"),
            new GrammarSource.Gbnf("root ::= root root | \"a\" root? | \"\"\n".replace("root root |", "\"a\" root root |")),
            new GrammarSource.JsonSchema(definitions + "},\"$ref\":\"#/$defs/d59\"}", true, Whitespace.COMPACT),
            new GrammarSource.JsonSchema("{\"allOf\":[" + (many + ",").repeat(8) + many + "]}", true, Whitespace.COMPACT),
            new GrammarSource.JsonSchema("{\"type\":\"string\",\"pattern\":\"^(a|b)*a(a|b){18}$\",\"minLength\":900,\"maxLength\":1000}", true, Whitespace.COMPACT),
            new GrammarSource.JsonSchema("{\"type\":\"array\",\"minItems\":90000,\"items\":{\"type\":\"array\",\"minItems\":90000}}", true, Whitespace.COMPACT),
            new GrammarSource.JsonSchema("{\"type\":\"object\",\"minProperties\":9000,\"additionalProperties\":true}", true, Whitespace.COMPACT));
        for (final GrammarSource bomb : bombs) {
            org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(Duration.ofSeconds(120), () -> {
                try {
                    final GrammarState state = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(bomb).start();
                    final long[] mask = new long[VOCABULARY.vocabulary().maskWords()];
                    for (int i = 0; i < 10; i++) {
                        state.fillMask(mask);
                        state.advance('a');
                    }
                } catch (final SpillwayException refused) {
                    assertThat(refused.code()).isEqualTo(ErrorCode.ABOVE_MAXIMUM);
                }
            });
        }
    }
}
