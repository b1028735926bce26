package io.spillway.grammar.regex;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.Grammar;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Regular expressions against the JDK's own. */
class RegexTest {
    private static final String[] ATOMS = {"a", "b", "\\d", "\\w", "[^ab]", "[a-c]", ".", "\u00e9", "\\.", "[\\w.-]", "x", "\\S"};
    private static final String LETTERS = "ab\u00e91.-x \ud83d\ude00";

    private static Grammar whole(final String regex) {
        return Grammar.of(new GrammarSource.Regex(regex));
    }

    private static boolean accepts(final Grammar grammar, final String text) {
        return grammar.accepts(text.getBytes(StandardCharsets.UTF_8));
    }

    @Property(tries = 400)
    void wholeTextsMatchAsInTheJdk(@ForAll final long seed) {
        final Random random = new Random(seed);
        final String regex = regex(random, 0);
        final Grammar grammar = whole(regex);
        final Pattern jdk = Pattern.compile(regex);
        for (int i = 0; i < 60; i++) {
            final String text = text(random);
            assertThat(accepts(grammar, text)).as("%s of %s", text, regex).isEqualTo(jdk.matcher(text).matches());
        }
    }

    @Property(tries = 200)
    void patternsOfSchemasMatchAnywhereAsInTheJdk(@ForAll final long seed) {
        final Random random = new Random(seed);
        final String regex = (random.nextBoolean() ? "^" : "") + regex(random, 0) + (random.nextBoolean() ? "$" : "")
            + (random.nextInt(3) == 0 ? "|" + regex(random, 1) : "");
        final int max = random.nextInt(9);
        final Grammar grammar;
        try {
            grammar = Grammar.of(new GrammarSource.JsonSchema("{\"type\":\"string\",\"maxLength\":" + max + ",\"pattern\":\""
                + regex.replace("\\", "\\\\") + "\"}", true, Whitespace.COMPACT));
        } catch (final SpillwayException nothing) {
            assertThat(nothing.code()).as(regex).isIn(ErrorCode.UNSUPPORTED, ErrorCode.INVALID_VALUE);
            return;
        }
        final Pattern jdk = Pattern.compile(regex);
        for (int i = 0; i < 60; i++) {
            final String text = text(random);
            final boolean in = text.codePointCount(0, text.length()) <= max && jdk.matcher(text).find();
            assertThat(accepts(grammar, "\"" + text + "\"")).as("%s of %s", text, regex).isEqualTo(in);
        }
    }

    private static String text(final Random random) {
        final StringBuilder text = new StringBuilder();
        final int[] letters = LETTERS.codePoints().toArray();
        for (int i = random.nextInt(8); i > 0; i--) {
            text.appendCodePoint(letters[random.nextInt(letters.length)]);
        }
        return text.toString();
    }

    private static String regex(final Random random, final int depth) {
        final StringBuilder regex = new StringBuilder();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            regex.append(random.nextInt(4) == 0 && depth < 3
                ? (random.nextBoolean() ? "(" : "(?:") + regex(random, depth + 1) + (random.nextBoolean() ? "|" + regex(random, depth + 1) : "") + ")"
                : ATOMS[random.nextInt(ATOMS.length)]);
            regex.append(switch (random.nextInt(9)) {
                case 0 -> "*";
                case 1 -> "+";
                case 2 -> "?";
                case 3 -> "{1,3}";
                case 4 -> "{2}";
                case 5 -> "*?";
                default -> "";
            });
        }
        return regex.toString();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ' ', textBlock = """
        (?=a)b UNSUPPORTED
        (?<!a)b UNSUPPORTED
        (a)\\1 UNSUPPORTED
        a\\bb UNSUPPORTED
        a++ UNSUPPORTED
        \\p{Greek} UNSUPPORTED
        a^b UNSUPPORTED
        [[:alpha:]] UNSUPPORTED
        (a INVALID_VALUE
        a) INVALID_VALUE
        [a INVALID_VALUE
        [z-a] INVALID_VALUE
        *a INVALID_VALUE
        a** INVALID_VALUE
        a{3,2} INVALID_VALUE
        \\u{110000} INVALID_VALUE
        a{1000000} ABOVE_MAXIMUM
        """)
    void whatIsNotRegularOrNotWellFormedIsRefused(final String regex, final ErrorCode code) {
        assertThatThrownBy(() -> whole(regex)).isInstanceOfSatisfying(SpillwayException.class, failure -> assertThat(failure.code()).isEqualTo(code));
    }

    @Test
    void escapesCasesAndAnchors() {
        assertThat(accepts(whole("^\\x41\\u00e9\\u{1F600}\\ud83d\\ude00\\t$"), "A\u00e9\ud83d\ude00\ud83d\ude00\t")).isTrue();
        assertThat(accepts(whole("(?i)aB[c-d]"), "AbD")).isTrue();
        assertThat(accepts(whole("a(?i:b)c"), "aBc")).isTrue();
        assertThat(accepts(whole("a(?i:b)c"), "aBC")).isFalse();
        assertThat(accepts(whole("{a}"), "{a}")).isTrue();
        assertThat(accepts(whole("\\p{Lu}\\P{L}"), "\u00c91")).isTrue();
        assertThat(accepts(whole("(?<n>a)(?P<m>b)"), "ab")).isTrue();
        assertThat(accepts(whole("(^a|b)c"), "ac")).isTrue();
        assertThat(accepts(whole("(a{1000}){1000}"), "a".repeat(1_000_000))).isTrue();
        assertThat(accepts(whole("(a{1000}){1000}"), "a".repeat(999_999))).isFalse();
    }

    @Test
    void charactersAreWholeUtf8() {
        final Grammar any = whole("[\\s\\S]");
        for (final int c : new int[] {0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff}) {
            assertThat(accepts(any, Character.toString(c))).as("%x", c).isTrue();
        }
        for (final byte[] bad : new byte[][] {{(byte) 0xc0, (byte) 0x80}, {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, {(byte) 0x80}, {(byte) 0xc3},
            {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80}, {(byte) 0xe0, (byte) 0x80, (byte) 0x80}}) {
            assertThat(any.accepts(bad)).isFalse();
        }
    }

    @Property(tries = 100)
    void setsOfCharactersAreThoseThatWereAskedFor(@ForAll final long seed) {
        final Random random = new Random(seed);
        CodePoints set = CodePoints.NONE;
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            final int from = random.nextInt(0x11000) * (random.nextBoolean() ? 1 : 15);
            set = set.or(CodePoints.range(from, Math.min(0x10ffff, from + random.nextInt(5_000))));
        }
        final CodePoints chosen = random.nextBoolean() ? set : set.complement();
        final io.spillway.grammar.automaton.Rule rule = new io.spillway.grammar.automaton.Rule("set").define(Encoding.UTF8.of(chosen));
        io.spillway.grammar.automaton.Rules.prepare(rule, 10_000);
        for (int i = 0; i < 2_000; i++) {
            final int c = random.nextInt(0x110000);
            if (c < 0xd800 || c > 0xdfff) {
                assertThat(reads(rule, Character.toString(c))).as("%x", c).isEqualTo(chosen.contains(c));
            }
        }
    }

    private static boolean reads(final io.spillway.grammar.automaton.Rule rule, final String text) {
        io.spillway.grammar.automaton.DfaState state = rule.start();
        for (final byte value : text.getBytes(StandardCharsets.UTF_8)) {
            state = state.next(value & 0xff);
            if (state == io.spillway.grammar.automaton.DfaState.DEAD) {
                return false;
            }
        }
        return state.isFinal();
    }
}
