package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Rule;
import io.spillway.grammar.automaton.SlowMatcher;
import io.spillway.grammar.gbnf.GbnfParser;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;

/** Masks against a matcher that shares no code with the automaton: for every token of a vocabulary, at every step of random outputs. */
class MaskOracleTest {
    private static final int SHORT = 6;
    private static final int FEW = 4;
    private static final String LETTERS = "abc\u00e9";
    private static final GrammarVocabulary VOCABULARY = vocabulary();
    private static final byte[][] TOKENS = tokens();
    private static final int END = TOKENS.length - 1;

    private static byte[][] tokens() {
        final List<byte[]> tokens = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(new byte[] {(byte) value});
        }
        final Random random = new Random(7);
        for (int i = 0; i < 120; i++) {
            final StringBuilder text = new StringBuilder();
            for (int length = 2 + random.nextInt(i < 100 ? 4 : 50); length > 0; length--) {
                text.append(LETTERS.charAt(random.nextInt(random.nextInt(3) == 0 ? 4 : 2)));
            }
            final byte[] bytes = text.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
            tokens.add(random.nextInt(5) == 0 ? java.util.Arrays.copyOf(bytes, bytes.length - 1) : bytes);
        }
        tokens.add(new byte[0]);
        return tokens.toArray(byte[][]::new);
    }

    private static GrammarVocabulary vocabulary() {
        final byte[][] tokens = tokens();
        return GrammarVocabulary.of(tokens, new BitSet(), tokens.length - 1);
    }

    @Property(tries = 120, shrinking = ShrinkingMode.OFF)
    void masksAreWhatTheSlowMatcherSays(@ForAll final long seed) {
        check(seed);
    }

    @Tag("slow")
    @Property(tries = 3_000, shrinking = ShrinkingMode.OFF)
    void masksAreWhatTheSlowMatcherSaysForLong(@ForAll final long seed) {
        check(seed);
    }

    private static void check(final long seed) {
        final Random random = new Random(seed);
        final String text = RandomGrammars.gbnf(random);
        final CompiledGrammar grammar;
        try {
            grammar = new GrammarCompiler(VOCABULARY, GrammarCompiler.Bounds.USUAL).compile(new GrammarSource.Gbnf(text));
        } catch (final SpillwayException refused) {
            assertThat(refused).hasMessageMatching("(?s).*(left recursion|no output satisfies).*");
            return;
        }
        try {
            for (int output = 0; output < 3; output++) {
                follow(text, grammar, random);
            }
        } catch (final SlowMatcher.TooManyWays tooSlow) {
            assertThat(text).isNotEmpty();
        }
    }

    private static void follow(final String text, final CompiledGrammar grammar, final Random random) {
        final Rule rule = GbnfParser.parse(text);
        SlowMatcher slow = SlowMatcher.of(rule);
        final GrammarState state = grammar.start();
        final long[] mask = new long[VOCABULARY.maskWords()];
        for (int step = 0; step < 8; step++) {
            state.fillMask(mask);
            final List<Integer> allowed = new ArrayList<>();
            for (int token = 0; token < END; token++) {
                final boolean may = slow.after(TOKENS[token]) != null;
                if (may && TOKENS[token].length > SHORT && state.ways() > FEW && !TestVocabulary.allows(mask, token)) {
                    // Of very ambiguous grammars, long tokens may be missing: following all ways would take too long.
                    continue;
                }
                assertThat(TestVocabulary.allows(mask, token)).as("token %s at step %d of\n%s", new String(TOKENS[token],
                    java.nio.charset.StandardCharsets.ISO_8859_1), step, text).isEqualTo(may);
                if (TestVocabulary.allows(mask, token)) {
                    allowed.add(token);
                }
            }
            assertThat(TestVocabulary.allows(mask, END)).as("end at step %d of\n%s", step, text).isEqualTo(slow.mayEnd());
            assertThat(state.mayEnd()).isEqualTo(slow.mayEnd());
            if (allowed.isEmpty()) {
                assertThat(slow.mayEnd()).isTrue();
                return;
            }
            final int token = allowed.get(random.nextInt(allowed.size()));
            assertThat(state.advance(token)).isTrue();
            slow = slow.after(TOKENS[token]);
        }
    }
}
