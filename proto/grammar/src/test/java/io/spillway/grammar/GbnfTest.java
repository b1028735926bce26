package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The notation, by example. */
class GbnfTest {
    static Stream<Arguments> grammars() {
        return Stream.of(
            Arguments.of("root ::= \"a\" b # comment\n\n# more\nb ::= [x-z]+ | (\"\\n\"\n  | \"\\\"\")?", List.of("a", "axyz", "a\n", "a\""), List.of("b", "aa")),
            Arguments.of("root ::= [^a-c\\n]{2,3} [\\x41\\u00e9\\U0001F600] .", List.of("xyA\n", "xyz\u00e9a", "..\ud83d\ude00x"), List.of("xA.", "abA.")),
            Arguments.of("root ::= item{2} (\",\" item){0,1} \"x\"{,2} \"y\"{1,}\nitem ::= [0-9]", List.of("12y", "12,3xxyy"), List.of("1y", "12,3", "12xxxy")),
            Arguments.of("root ::= expr\nexpr ::= expr [-+] term | term\nterm ::= term \"*\" num | num\nnum ::= [0-9]+ | \"(\" expr \")\"",
                List.of("1", "1+2*3-(4+5)*6", "((((1))))"), List.of("1+", "()", "1**2")),
            Arguments.of("root ::= \"(\" root \")\" | \"\"", List.of("", "(())"), List.of("(()")),
            Arguments.of("root ::= \"a\" root \"a\" | \"b\" root \"b\" | \"a\"? | \"b\"", List.of("", "abba", "ababa"), List.of("ab", "abab")),
            Arguments.of("root ::= <think> [a-z]* </think> \"x\"", List.of("<think>abc</think>x"), List.of("<think>")),
            Arguments.of("root ::=\n  \"a\" |\n  \"b\"\nother-rule_1 ::= \"c\"", List.of("a", "b"), List.of("c")));
    }

    @ParameterizedTest
    @MethodSource("grammars")
    void theNotationMeansWhatItSays(final String grammar, final List<String> good, final List<String> bad) {
        final Grammar read = Grammar.of(new GrammarSource.Gbnf(grammar));
        good.forEach(text -> assertThat(read.accepts(text.getBytes(StandardCharsets.UTF_8))).as(text).isTrue());
        bad.forEach(text -> assertThat(read.accepts(text.getBytes(StandardCharsets.UTF_8))).as(text).isFalse());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        a ::= "x"|MISSING_FIELD
        root ::= b|INVALID_VALUE
        root ::= "x|INVALID_VALUE
        root ::= [x|INVALID_VALUE
        root ::= ("x"|INVALID_VALUE
        root = "x"|INVALID_VALUE
        root ::= "x" )|INVALID_VALUE
        root ::= "x"{3,2}|INVALID_VALUE
        root ::= "\\q"|INVALID_VALUE
        root ::= "\\ud800"|INVALID_VALUE
        root ::= [z-a]|INVALID_VALUE
        root ::= "x"{9999999}|ABOVE_MAXIMUM
        root ::= !<a>|UNSUPPORTED
        root ::= <[7]>|UNSUPPORTED
        root ::= root|INVALID_VALUE
        root ::= "x" root|INVALID_VALUE
        root ::= root root "x"|INVALID_VALUE
        """)
    void whatIsNoGrammarIsRefused(final String grammar, final ErrorCode code) {
        assertThatThrownBy(() -> Grammar.of(new GrammarSource.Gbnf(grammar)))
            .isInstanceOfSatisfying(SpillwayException.class, failure -> assertThat(failure.code()).isEqualTo(code));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        root ::= a "x" ; a ::= root "y" , "z"
        root ::= a "x" , "z" ; a ::= "" , b ; b ::= root
        """)
    void leftRecursionThroughOthersIsRefused(final String grammar) {
        assertThatThrownBy(() -> Grammar.of(new GrammarSource.Gbnf(grammar.replace(" ; ", "\n").replace(" , ", " | "))))
            .isInstanceOf(SpillwayException.class).hasMessageContaining("left recursion");
    }
}
