package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each keyword lets through and what it does not. */
class SchemaTest {
    private static Grammar strict(final String schema) {
        return Grammar.of(new GrammarSource.JsonSchema(schema.replace('\'', '"'), true, Whitespace.COMPACT));
    }

    private static boolean accepts(final Grammar grammar, final String text) {
        return grammar.accepts(text.getBytes(StandardCharsets.UTF_8));
    }

    static Stream<Arguments> keywords() {
        return Stream.of(
            Arguments.of("{'type':'null'}", List.of("null"), List.of("0", "")),
            Arguments.of("{'type':['boolean','null']}", List.of("true", "false", "null"), List.of("1", "\"true\"")),
            Arguments.of("{'type':'integer','nullable':true}", List.of("0", "-7", "null", "123456789012345678901"), List.of("01", "1.0", "+1", "1e3")),
            Arguments.of("{'type':'number'}", List.of("0.5", "-1e10", "3", "1.25E-300"), List.of(".5", "1.", "1e", "0x1", "NaN")),
            Arguments.of("{'enum':['a',1,null,[1,{'b':2}]]}", List.of("\"a\"", "1", "null", "[1,{\"b\":2}]"), List.of("\"b\"", "[1]")),
            Arguments.of("{'const':'a\\nb\\\\\u00e9'}", List.of("\"a\\nb\\\\\u00e9\""), List.of("\"a\"")),
            Arguments.of("{'type':'string','enum':['a',1,'bb'],'minLength':2}", List.of("\"bb\""), List.of("\"a\"", "1")),
            Arguments.of("{'enum':[1,2,3.5,8],'minimum':2,'multipleOf':2}", List.of("2", "8"), List.of("1", "3.5")),
            Arguments.of("{'enum':['ab1','x'],'pattern':'[0-9]'}", List.of("\"ab1\""), List.of("\"x\"")),
            Arguments.of("{'type':'string','minLength':2,'maxLength':3}", List.of("\"ab\"", "\"\u00e9\u00e9\u00e9\"", "\"\ud83d\ude00\ud83d\ude00\"",
                "\"\\n\\u00e9\"", "\"\\ud83d\\ude00a\""), List.of("\"a\"", "\"abcd\"", "\"\ud83d\ude00\"", "\"\\ud83da\"")),
            Arguments.of("{'type':'string','pattern':'^a.c$'}", List.of("\"abc\"", "\"a\\\"c\"", "\"a\u00e9c\""), List.of("\"ac\"", "\"xabc\"", "\"a\\nc\"")),
            Arguments.of("{'type':'string','pattern':'b+'}", List.of("\"b\"", "\"abbc\\n\""), List.of("\"\"", "\"ac\"")),
            Arguments.of("{'type':'string','pattern':'^a|b$'}", List.of("\"ax\"", "\"xb\""), List.of("\"xa\"", "\"bx\"")),
            Arguments.of("{'type':'string','pattern':'^[a-z]+$','maxLength':2}", List.of("\"ab\""), List.of("\"abc\"", "\"\"")),
            Arguments.of("{'type':'array','items':{'type':'integer'},'minItems':1,'maxItems':2}", List.of("[1]", "[1,2]"), List.of("[]", "[1,2,3]", "[\"a\"]")),
            Arguments.of("{'type':'array','prefixItems':[{'const':1},{'const':2}],'items':{'const':3}}", List.of("[]", "[1]", "[1,2,3,3]"), List.of("[2]", "[1,3]")),
            Arguments.of("{'type':'array','prefixItems':[{'const':1},{'const':2}],'minItems':2}", List.of("[1,2]"), List.of("[1]", "[1,2,3]")),
            Arguments.of("{'type':'array','items':[{'const':1}],'additionalItems':false}", List.of("[]", "[1]"), List.of("[1,1]")),
            Arguments.of("{'type':'array','maxItems':0}", List.of("[]"), List.of("[1]")),
            Arguments.of("{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'null'}},'required':['b']}",
                List.of("{\"a\":1,\"b\":null}", "{\"b\":null}"), List.of("{}", "{\"a\":1}", "{\"b\":null,\"a\":1}", "{\"b\":null,\"c\":1}", "{\"b\":null,}")),
            Arguments.of("{'type':'object','properties':{}}", List.of("{}"), List.of("{\"a\":1}")),
            Arguments.of("{'type':'object'}", List.of("{}", "{\"a\":[1,{}],\"\":null}"), List.of("[]", "{a:1}")),
            Arguments.of("{'properties':{'id':{'type':'integer'}},'additionalProperties':{'type':'string'}}",
                List.of("{\"id\":1,\"idx\":\"a\",\"i\":\"b\",\"\\\"\":\"\"}", "{\"a\":\"b\"}"), List.of("{\"id\":\"a\"}", "{\"a\":1}", "{\"a\":\"\",\"id\":\"b\"}")),
            Arguments.of("{'type':'object','additionalProperties':{'type':'null'},'minProperties':1,'maxProperties':2}",
                List.of("{\"a\":null}", "{\"a\":null,\"b\":null}"), List.of("{}", "{\"a\":null,\"b\":null,\"c\":null}")),
            Arguments.of("{'properties':{'a':{'type':'null'},'b':{'type':'null'},'c':{'type':'null'}},'minProperties':2,'maxProperties':2}",
                List.of("{\"a\":null,\"c\":null}", "{\"b\":null,\"c\":null}"), List.of("{\"a\":null}", "{\"a\":null,\"b\":null,\"c\":null}")),
            Arguments.of("{'type':'object','additionalProperties':{'type':'null'},'propertyNames':{'pattern':'^x'}}", List.of("{\"xa\":null}"), List.of("{\"a\":null}")),
            Arguments.of("{'anyOf':[{'type':'string'},{'type':'integer'}]}", List.of("\"a\"", "1"), List.of("null")),
            Arguments.of("{'type':'string','anyOf':[{'maxLength':1},{'pattern':'^ab'}]}", List.of("\"a\"", "\"abc\""), List.of("\"ba\"")),
            Arguments.of("{'oneOf':[{'type':'object','properties':{'k':{'const':'a'},'x':{'type':'null'}},'required':['k']},"
                + "{'type':'object','properties':{'k':{'const':'b'}},'required':['k']}]}", List.of("{\"k\":\"a\",\"x\":null}", "{\"k\":\"b\"}"), List.of("{\"k\":\"b\",\"x\":null}")),
            Arguments.of("{'allOf':[{'properties':{'a':{'minimum':2}},'required':['a']},{'properties':{'a':{'type':'integer','maximum':3}}}]}",
                List.of("{\"a\":2}", "{\"a\":3}"), List.of("{\"a\":4}", "{}", "{\"a\":2.5}")),
            Arguments.of("{'$defs':{'t':{'type':'object','properties':{'v':{'type':'integer'},'n':{'anyOf':[{'$ref':'#/$defs/t'},{'type':'null'}]}},"
                + "'required':['v','n']}},'$ref':'#/$defs/t'}", List.of("{\"v\":1,\"n\":{\"v\":2,\"n\":null}}"), List.of("{\"v\":1}", "{\"v\":1,\"n\":{}}")),
            Arguments.of("{'type':'array','items':{'$ref':'#'}}", List.of("[]", "[[],[[]]]"), List.of("[1]", "[[]")),
            Arguments.of("true", List.of("1", "{\"a\":[]}"), List.of("", "x")),
            Arguments.of("{'type':'string','format':'date'}", List.of("\"2024-02-29\"", "\"2000-02-29\"", "\"1999-12-31\""),
                List.of("\"2023-02-29\"", "\"1900-02-29\"", "\"2024-04-31\"", "\"2024-13-01\"")),
            Arguments.of("{'type':'string','format':'date-time'}", List.of("\"2024-02-29T23:59:59Z\"", "\"2024-01-01T00:00:00.123+05:30\""),
                List.of("\"2024-01-01 00:00:00Z\"", "\"2024-01-01T24:00:00Z\"")),
            Arguments.of("{'type':'string','format':'uuid'}", List.of("\"3f2504e0-4f89-41d3-9a0c-0305e82c3301\""), List.of("\"3f2504e0\"")),
            Arguments.of("{'type':'string','format':'ipv4'}", List.of("\"255.0.1.249\""), List.of("\"256.0.0.1\"", "\"1.2.3\"", "\"01.2.3.4\"")),
            Arguments.of("{'type':'string','format':'ipv6'}", List.of("\"::\"", "\"::1\"", "\"2001:db8::ff00:42:8329\"", "\"1:2:3:4:5:6:7:8\"", "\"fe80::\""),
                List.of("\"1:2:3\"", "\"1::2::3\"", "\"1:2:3:4:5:6:7:8:9\"")),
            Arguments.of("{'type':'string','format':'email'}", List.of("\"ana.lopez+x@mail.example.org\""), List.of("\"a@b\"", "\"@b.c\"", "\"a b@c.d\"")),
            Arguments.of("{'type':'string','format':'uri'}", List.of("\"https://example.org:8080/a/b?c=d#e\"", "\"urn:x:y\""), List.of("\"//a\"", "\"a b\"")),
            Arguments.of("{'type':'string','format':'duration'}", List.of("\"P3D\"", "\"PT1H30M\"", "\"P1Y2M3DT4H\"", "\"P2W\""), List.of("\"P\"", "\"PT\"", "\"3D\"")));
    }

    @ParameterizedTest
    @MethodSource("keywords")
    void everyKeywordIsKept(final String schema, final List<String> good, final List<String> bad) {
        final Grammar grammar = strict(schema);
        assertThat(grammar.notes()).isEmpty();
        good.forEach(text -> assertThat(accepts(grammar, text)).as("%s of %s", text, schema).isTrue());
        bad.forEach(text -> assertThat(accepts(grammar, text)).as("%s of %s", text, schema).isFalse());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {'not':{'type':'string'}}|UNSUPPORTED|#/not
        {'type':'array','uniqueItems':true}|UNSUPPORTED|#/uniqueItems
        {'properties':{'a':{'type':'array','contains':{}}}}|UNSUPPORTED|#/properties/a/contains
        {'properties':{'a/b':{'if':{}}}}|UNSUPPORTED|#/properties/a~1b/if
        {'patternProperties':{'^a':{}}}|UNSUPPORTED|#/patternProperties
        {'type':'string','pattern':'(?=a)'}|UNSUPPORTED|#/pattern
        {'type':'string','pattern':'(a'}|INVALID_VALUE|#/pattern
        {'type':'string','format':'regex'}|UNSUPPORTED|#/format
        {'type':'number','multipleOf':0.00001237}|UNSUPPORTED|#/multipleOf
        {'type':'number','multipleOf':0}|INVALID_VALUE|#/multipleOf
        {'type':'strin'}|INVALID_TYPE|#/type
        {'minLength':-1}|INVALID_VALUE|#/minLength
        {'minLength':'a'}|INVALID_TYPE|#/minLength
        {'required':'a'}|INVALID_TYPE|#/required
        {'anyOf':[]}|INVALID_VALUE|#/anyOf
        {'anyOf':[7]}|INVALID_TYPE|#/anyOf/0
        {'$ref':'#/$defs/none'}|INVALID_VALUE|#/$ref
        {'$ref':'http://example.org/s'}|UNSUPPORTED|#/$ref
        {'$ref':'#anchor'}|UNSUPPORTED|#/$ref
        {'oneOf':[{'type':'string'},{'maxLength':3}]}|UNSUPPORTED|#/oneOf
        {'foo':1}|UNSUPPORTED|#/foo
        {'type':'string','minLength':3,'maxLength':2}|INVALID_VALUE|#
        {'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']}|INVALID_VALUE|#
        {'type':'string','pattern':'^a$','minLength':2}|INVALID_VALUE|#
        {'enum':[]}|INVALID_VALUE|#
        {'minimum':1e999}|ABOVE_MAXIMUM|#/minimum
        {'type':'string','pattern':'^[ab]*a[ab]{16}$','maxLength':500}|ABOVE_MAXIMUM|#/pattern
        7|INVALID_TYPE|#
        """)
    void whatCannotBeKeptIsRefusedByName(final String schema, final ErrorCode code, final String field) {
        assertThatThrownBy(() -> strict(schema)).isInstanceOfSatisfying(SpillwayException.class, failure -> {
            assertThat(failure.code()).isEqualTo(code);
            assertThat(failure.field()).contains(field);
        });
    }

    @Test
    void aSchemaThatIsNotStrictNotesWhatIsNotKept() {
        final Grammar grammar = Grammar.of(new GrammarSource.JsonSchema(
            "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"not\":{\"const\":3}},\"uniqueItems\":true,\"foo\":1}", false, Whitespace.COMPACT));
        assertThat(grammar.notes()).hasSize(3).anyMatch(note -> note.startsWith("#/uniqueItems is not kept"))
            .anyMatch(note -> note.startsWith("#/items/not is not kept"));
        assertThat(accepts(grammar, "[3,3]")).isTrue();
    }

    @Test
    void brokenJsonIsToldApart() {
        for (final String text : List.of("", "{", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "[".repeat(5000))) {
            assertThatThrownBy(() -> Grammar.of(new GrammarSource.JsonSchema(text, true, Whitespace.COMPACT)))
                .isInstanceOfSatisfying(SpillwayException.class, failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_JSON));
        }
    }

    @Test
    void whiteSpaceIsBounded() {
        final String schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}},\"required\":[\"a\"]}";
        final Grammar spaced = Grammar.of(new GrammarSource.JsonSchema(schema, true, Whitespace.SPACED));
        assertThat(accepts(spaced, "{\"a\": [1, 2]}")).isTrue();
        assertThat(accepts(spaced, "{\"a\":[1,2]}")).isFalse();
        final Grammar flexible = Grammar.of(new GrammarSource.JsonSchema(schema, true, Whitespace.FLEXIBLE));
        assertThat(accepts(flexible, "{\"a\":[1,2]}")).isTrue();
        assertThat(accepts(flexible, "{\n  \"a\": [\n    1,\n    2\n  ]\n}")).isTrue();
        assertThat(accepts(flexible, "{  \"a\":[1,2]}")).isFalse();
        assertThat(accepts(flexible, "{\n" + " ".repeat(33) + "\"a\":[1,2]}")).isFalse();
    }

    @Test
    void longStringsAreCountedToTheCharacter() {
        for (final int max : List.of(100, 1_000, 20_000)) {
            final Grammar grammar = strict("{'type':'string','minLength':" + (max - 60) + ",'maxLength':" + max + "}");
            for (final int length : new int[] {max - 61, max - 60, max - 59, max - 1, max, max + 1}) {
                assertThat(accepts(grammar, "\"" + "\u00e9".repeat(length) + "\"")).as("%s of %s", length, max).isEqualTo(length >= max - 60 && length <= max);
            }
        }
    }
}
