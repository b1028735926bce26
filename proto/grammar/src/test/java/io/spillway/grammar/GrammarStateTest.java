package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** States: copies, going back, what is forced, the end; vocabularies and the cache. */
class GrammarStateTest {
    private static final TestVocabulary VOCABULARY = TestVocabulary.of(3, 1_000, 8);
    private static final GrammarCompiler COMPILER = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL);
    private static final String SCHEMA =
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"kind\":{\"const\":\"fixed\"}},\"required\":[\"name\",\"kind\"]}";

    private static GrammarState start(final GrammarSource source) {
        return COMPILER.compile(source).start();
    }

    private static long[] mask(final GrammarState state) {
        final long[] mask = new long[VOCABULARY.vocabulary().maskWords()];
        state.fillMask(mask);
        return mask;
    }

    private static void take(final GrammarState state, final String text) {
        for (final byte value : text.getBytes(StandardCharsets.UTF_8)) {
            assertThat(state.advance(value & 0xff)).as(text).isTrue();
        }
    }

    @Test
    void aStateIsAFunctionOfGrammarAndTokens() {
        final GrammarSource source = new GrammarSource.JsonSchema(SCHEMA, true, Whitespace.FLEXIBLE);
        final byte[] text = "{\"name\": \"caf\u00e9 \\\"x\\\"\",\n  \"kind\": \"fixed\"}".getBytes(StandardCharsets.UTF_8);
        final Random random = new Random(1);
        for (int i = 0; i < 20; i++) {
            final int[] tokens = VOCABULARY.cut(text, random);
            final int stop = random.nextInt(tokens.length);
            final GrammarState first = start(source);
            for (int t = 0; t < stop; t++) {
                first.advance(tokens[t]);
            }
            final GrammarState again = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(source).start();
            for (int t = 0; t < stop; t++) {
                again.advance(tokens[t]);
            }
            assertThat(mask(again)).isEqualTo(mask(first));
        }
    }

    @Test
    void copiesGoTheirOwnWayAndStatesCanGoBack() {
        final GrammarState state = start(new GrammarSource.JsonSchema(SCHEMA, true, Whitespace.COMPACT));
        take(state, "{\"name\":\"a");
        final GrammarState before = state.copy();
        final long[] mask = mask(state);
        take(state, "b\",\"kind\":");
        assertThat(mask(before)).isEqualTo(mask);
        assertThat(mask(state)).isNotEqualTo(mask);
        state.set(before);
        assertThat(mask(state)).isEqualTo(mask);
        assertThatThrownBy(() -> state.set(start(new GrammarSource.Regex("a")))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aTokenThatMayNotComeChangesNothing() {
        final GrammarState state = start(new GrammarSource.JsonSchema(SCHEMA, true, Whitespace.COMPACT));
        take(state, "{\"na");
        final long[] mask = mask(state);
        assertThat(state.advance('x')).isFalse();
        assertThat(state.advance(VOCABULARY.end())).isFalse();
        assertThat(state.advance(VOCABULARY.marker())).isFalse();
        assertThat(state.advance(-1)).isFalse();
        assertThat(state.advance(1 << 20)).isFalse();
        assertThat(state.take("me\",".getBytes(StandardCharsets.UTF_8))).isFalse();
        assertThat(mask(state)).isEqualTo(mask);
    }

    @Test
    void theEndMayComeWhereTheTextMayEndAndNothingAfterIt() {
        final GrammarState state = start(new GrammarSource.Regex("a{1,2}"));
        assertThat(state.mayEnd()).isFalse();
        take(state, "a");
        assertThat(state.mayEnd()).isTrue();
        assertThat(state.mustEnd()).isFalse();
        assertThat(TestVocabulary.allows(mask(state), VOCABULARY.end())).isTrue();
        take(state, "a");
        assertThat(state.mustEnd()).isTrue();
        assertThat(state.forced()).isEqualTo(VOCABULARY.end());
        assertThat(state.advance(VOCABULARY.end())).isTrue();
        assertThat(state.advance('a')).isFalse();
        assertThat(Arrays.stream(mask(state)).map(Long::bitCount).sum()).isEqualTo(1);
        assertThat(state.advance(VOCABULARY.end())).isTrue();
    }

    @Test
    void forcedTextIsKnownAhead() {
        final GrammarState state = start(new GrammarSource.JsonSchema(SCHEMA, true, Whitespace.COMPACT));
        assertThat(new String(state.forcedBytes(100), StandardCharsets.UTF_8)).isEqualTo("{\"name\":\"");
        assertThat(state.forcedBytes(3)).hasSize(3);
        assertThat(state.take(state.forcedBytes(100))).isTrue();
        assertThat(state.forcedBytes(100)).isEmpty();
        assertThat(state.forced()).isEqualTo(GrammarState.NONE);
        take(state, "\"");
        assertThat(new String(state.forcedBytes(100), StandardCharsets.UTF_8)).isEqualTo(",\"kind\":\"fixed\"}");
    }

    @Test
    void forcedIsTheOnlyTokenOfTheMask() {
        final Random random = new Random(9);
        final GrammarSource source = new GrammarSource.Regex("(zebra|zone)#\u00e9!*");
        for (int i = 0; i < 50; i++) {
            final GrammarState state = start(source);
            while (!state.mustEnd()) {
                final long[] mask = mask(state);
                final int[] tokens = java.util.stream.IntStream.range(0, VOCABULARY.size()).filter(t -> TestVocabulary.allows(mask, t)).toArray();
                if (state.forced() != GrammarState.NONE) {
                    assertThat(tokens).containsExactly(state.forced());
                }
                final int token = tokens[random.nextInt(tokens.length)];
                assertThat(state.advance(token)).isTrue();
                if (token == VOCABULARY.end()) {
                    break;
                }
            }
        }
    }

    @Test
    void grammarsAreKeptByWhatTheySay() {
        final GrammarCompiler compiler = new GrammarCompiler(VOCABULARY.vocabulary(), new GrammarCompiler.Bounds(2, 1 << 20));
        final CompiledGrammar a = compiler.compile(new GrammarSource.Regex("a"));
        assertThat(compiler.compile(new GrammarSource.Regex("a"))).isSameAs(a);
        compiler.compile(new GrammarSource.Regex("b"));
        compiler.compile(Grammar.of(new GrammarSource.Regex("c")));
        assertThat(compiler.compile(new GrammarSource.Regex("a"))).isNotSameAs(a);
        assertThat(compiler.counts()).isEqualTo(new GrammarCompiler.Counts(1, 4));
    }

    @Test
    void masksOverTheirBoundAreForgottenAndFoundAgain() {
        final GrammarCompiler compiler = new GrammarCompiler(VOCABULARY.vocabulary(), new GrammarCompiler.Bounds(4, 1_000));
        final GrammarSource source = new GrammarSource.JsonSchema(SCHEMA, true, Whitespace.COMPACT);
        final String text = "{\"name\":\"a\",\"kind\":\"fixed\"}";
        for (int i = 0; i < 3; i++) {
            final GrammarState state = compiler.compile(source).start();
            final GrammarState free = start(source);
            for (final char c : text.toCharArray()) {
                assertThat(mask(state)).isEqualTo(mask(free));
                assertThat(state.advance(c)).isTrue();
                free.advance(c);
            }
        }
        assertThat(compiler.compile(source).maskBytes()).isLessThan(2_000);
    }

    @Test
    void vocabulariesThatCannotServeAreRefused() {
        final byte[][] few = {"a".getBytes(StandardCharsets.UTF_8), "b".getBytes(StandardCharsets.UTF_8)};
        assertThatThrownBy(() -> GrammarVocabulary.of(few, new BitSet())).isInstanceOf(SpillwayException.class).hasMessageContaining("ends the output");
        assertThatThrownBy(() -> GrammarVocabulary.of(few, new BitSet(), 2)).isInstanceOf(SpillwayException.class);
        final GrammarCompiler compiler = new GrammarCompiler(GrammarVocabulary.of(few, new BitSet(), 1), GrammarCompiler.Bounds.USUAL);
        assertThatThrownBy(() -> compiler.compile(new GrammarSource.Regex("a"))).isInstanceOfSatisfying(SpillwayException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.UNSUPPORTED));
    }

    @Test
    void specialTokensComeOnlyWhereTheyAreNamed() {
        assertThat(TestVocabulary.allows(mask(start(new GrammarSource.Regex("[\\s\\S]*"))), VOCABULARY.marker())).isFalse();
        assertThat(TestVocabulary.allows(mask(start(new GrammarSource.Literal(TestVocabulary.MARKER))), VOCABULARY.marker())).isFalse();
        final GrammarState state = start(new GrammarSource.Sequence(List.of(new GrammarSource.Marker(TestVocabulary.MARKER), new GrammarSource.Literal("x"))));
        assertThat(TestVocabulary.allows(mask(state), VOCABULARY.marker())).isTrue();
        assertThat(TestVocabulary.allows(mask(state), '[')).isTrue();
        assertThat(state.advance(VOCABULARY.marker())).isTrue();
        take(state, "x");
        assertThat(state.mustEnd()).isTrue();
    }

    @Test
    void freeTextMustComeToItsMarkerAndThenIsBound() {
        final GrammarSource source = new GrammarSource.Until("</think>", new GrammarSource.Sequence(List.of(
            new GrammarSource.Choice(List.of("", "\n\n")), new GrammarSource.JsonSchema(SCHEMA, true, Whitespace.COMPACT))));
        final GrammarState state = start(source);
        take(state, "{\"a\" <think> anything, <call> and </thin");
        assertThat(state.mayEnd()).as("the thought is not closed").isFalse();
        take(state, "x> é </think>");
        assertThat(state.mayEnd()).isFalse();
        assertThat(TestVocabulary.allows(mask(state), 'x')).isFalse();
        assertThat(TestVocabulary.allows(mask(state), '{')).isTrue();
        take(state, "\n\n{\"name\":\"</think>\",\"kind\":\"fixed\"}");
        assertThat(state.mustEnd()).isTrue();
        assertThat(GrammarText.read(GrammarText.write(source))).isEqualTo(source);
    }

    @Test
    void aMarkerThatIsATokenEndsFreeTextToo() {
        final GrammarState state = start(new GrammarSource.Until(TestVocabulary.MARKER, new GrammarSource.Choice(List.of("yes", "no"))));
        take(state, "hm");
        assertThat(state.advance(VOCABULARY.marker())).isTrue();
        assertThat(state.advance('a')).isFalse();
        take(state, "no");
        assertThat(state.mustEnd()).isTrue();
    }

    @Test
    void freeTextIsBoundOnlyAfterATrigger() {
        final GrammarSource source = new GrammarSource.Triggered(List.of(
            new GrammarSource.Triggered.Trigger("<<call>>", new GrammarSource.Regex("\\d{2};")),
            new GrammarSource.Triggered.Trigger(TestVocabulary.MARKER, new GrammarSource.Choice(List.of("yes", "no")))), true);
        final GrammarState state = start(source);
        assertThat(state.mayEnd()).isTrue();
        take(state, "text <<cal <<<call>>");
        assertThat(state.mayEnd()).isFalse();
        assertThat(state.advance('x')).isFalse();
        take(state, "12; more text");
        assertThat(state.mayEnd()).isTrue();
        assertThat(state.advance(VOCABULARY.marker())).isTrue();
        assertThat(state.advance('a')).isFalse();
        take(state, "no");
        take(state, " and on");
        assertThat(state.mayEnd()).isTrue();
    }
}
