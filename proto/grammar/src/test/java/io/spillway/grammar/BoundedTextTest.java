package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.grammar.schema.Whitespace;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Long counted repetitions: masks take whole parts of the vocabulary there without a look at single tokens, which must not show.
 * What taking a token step by step says is what the mask must say, for every token.
 */
class BoundedTextTest {
    private static final TestVocabulary VOCABULARY = TestVocabulary.of(11, 500, 60);
    private static final List<String> CHARS = List.of("a", "z", "q", "B", "7", "_", " ", "é", "日", "😀", "\\n", "\\u00e9", "\\ud83d\\ude00");

    @ParameterizedTest
    @ValueSource(ints = {1, 31, 40, 300, 700, 1200, 4000})
    void stringsOfAtMostSoManyCharacters(final int most) {
        final String schema = "{\"type\":\"string\",\"maxLength\":" + most + "}";
        checkString(new GrammarSource.JsonSchema(schema, true, Whitespace.COMPACT), 0, most);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 600, 1500})
    void stringsOfAtLeastSoManyCharacters(final int least) {
        final String schema = "{\"type\":\"string\",\"minLength\":" + least + ",\"maxLength\":" + (least + 1100) + "}";
        checkString(new GrammarSource.JsonSchema(schema, true, Whitespace.COMPACT), least, least + 1100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[a-z]{1,90}-[a-z]+", "[A-Za-z]{2,40}(?: \\d{1,3})?", "[a-z_][a-z0-9_]{0,50}=\\w{3,20};", "[^\\n]{1,200}(?: \\(\\d+ ms\\))?", "(?:[a-z]{1,70}|[a-z0-9]{3}|[^\"]{2,9}x)"})
    void expressionsWithBounds(final String regex) {
        final CompiledGrammar grammar = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(new GrammarSource.Regex(regex));
        for (int seed = 0; seed < 4; seed++) {
            final Random random = new Random(seed);
            final GrammarState state = grammar.start();
            for (int i = 0; i < 120 && !state.mustEnd(); i++) {
                check(state, regex + " at " + i);
                byte[] next;
                do {
                    next = random.nextInt(40) == 0 ? new byte[] {(byte) random.nextInt(128)} : bytes(CHARS.get(random.nextInt(CHARS.size() - 3)));
                } while (!state.take(next) && random.nextInt(200) != 0);
            }
        }
    }

    private static void checkString(final GrammarSource source, final int least, final int most) {
        final CompiledGrammar grammar = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL).compile(source);
        final Random random = new Random(most);
        final GrammarState state = grammar.start();
        assertThat(state.take(bytes("\""))).isTrue();
        for (int count = 0; count <= most; count++) {
            if (random.nextInt(most / 60 + 1) == 0 || most - count < 36 && random.nextInt(3) == 0) {
                check(state, source + " after " + count);
            }
            assertThat(state.copy().take(bytes("\""))).as("%s after %d", source, count).isEqualTo(count >= least);
            assertThat(state.take(bytes(CHARS.get(random.nextInt(CHARS.size()))))).as("%s after %d", source, count).isEqualTo(count < most);
        }
    }

    private static void check(final GrammarState state, final String where) {
        final long[] mask = new long[VOCABULARY.vocabulary().maskWords()];
        state.fillMask(mask);
        for (int token = 0; token < VOCABULARY.size(); token++) {
            assertThat(TestVocabulary.allows(mask, token)).as("token %d, %s", token, where).isEqualTo(state.copy().advance(token));
        }
    }

    private static byte[] bytes(final String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
