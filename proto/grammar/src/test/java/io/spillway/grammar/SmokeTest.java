package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import io.spillway.grammar.schema.Whitespace;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SmokeTest {
    @Test
    void smoke() {
        final TestVocabulary v = TestVocabulary.of(1, 2000, 8);
        final GrammarCompiler c = new GrammarCompiler(v.vocabulary(), GrammarCompiler.Bounds.USUAL);
        final String schema = """
            {"type":"object","properties":{"name":{"type":"string","maxLength":10},"age":{"type":"integer","minimum":0,"maximum":130},
             "tags":{"type":"array","items":{"enum":["a","b","cc"]},"maxItems":3},"when":{"type":"string","format":"date-time"},
             "price":{"type":"number","multipleOf":0.01,"minimum":-5.5},"kids":{"type":"array","items":{"$ref":"#"}},
             "pat":{"type":"string","pattern":"^[a-z]{2,4}\\\\d$"}, "any":{"type":"object","additionalProperties":{"type":"integer"}}},
             "required":["name","pat"],"additionalProperties":false}""";
        for (final Whitespace w : Whitespace.values()) {
            final CompiledGrammar g = c.compile(new GrammarSource.JsonSchema(schema, true, w));
            for (int i = 0; i < 8; i++) {
                System.out.println(w + " " + Outputs.random(g, v, new Random(i), 40));
            }
        }
        System.out.println(Outputs.random(c.compile(new GrammarSource.Gbnf("root ::= expr\nexpr ::= expr \"+\" term | term\nterm ::= [0-9]{1,3} | \"(\" expr \")\"")), v, new Random(1), 20));
        System.out.println(Outputs.random(c.compile(new GrammarSource.Regex("(?i)ab+[^c-z]{2,5}\\d$")), v, new Random(1), 20));
        System.out.println(Outputs.random(c.compile(new GrammarSource.JsonObject(Whitespace.FLEXIBLE)), v, new Random(3), 20));
        assertThat(Grammar.of(new GrammarSource.JsonObject(Whitespace.COMPACT)).accepts("{\"a\":[1,2,{}]}".getBytes())).isTrue();
    }
}
