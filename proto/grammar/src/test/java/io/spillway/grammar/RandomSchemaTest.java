package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.spillway.grammar.schema.Whitespace;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;

/**
 * Random schemas against an independent validator: values that a schema allows are accepted token by token, however they are cut, and
 * what random tokens write under masks is valid.
 */
class RandomSchemaTest {
    private static final TestVocabulary VOCABULARY = TestVocabulary.of(5, 1_500, 10);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final ObjectMapper EXACT = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    @Property(tries = 120, shrinking = ShrinkingMode.OFF)
    void allowedValuesAreAcceptedAndOutputsAreValid(@ForAll final long seed) throws Exception {
        check(seed);
    }

    @Tag("slow")
    @Property(tries = 20_000, shrinking = ShrinkingMode.OFF)
    void allowedValuesAreAcceptedAndOutputsAreValidForLong(@ForAll final long seed) throws Exception {
        check(seed);
    }

    private static void check(final long seed) throws Exception {
        final Random random = new Random(seed);
        final RandomSchemas.Example example = RandomSchemas.next(random);
        final String schema = MAPPER.writeValueAsString(example.schema());
        final JsonSchema validator = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(example.schema());
        assertThat(validator.validate(example.value())).as(schema).isEmpty();
        final GrammarCompiler compiler = new GrammarCompiler(VOCABULARY.vocabulary(), GrammarCompiler.Bounds.USUAL);
        final CompiledGrammar grammar = compiler.compile(new GrammarSource.JsonSchema(schema, true,
            Whitespace.values()[random.nextInt(2) * 2]));
        for (int i = 0; i < 3; i++) {
            accepts(grammar, MAPPER.writeValueAsBytes(example.value()), random);
        }
        for (int i = 0; i < 3; i++) {
            final String output = Outputs.random(grammar, VOCABULARY, random, 30);
            if (output != null) {
                final JsonNode value = read(output);
                assertThat(validator.validate(value)).as("%s of %s", output, schema).isEmpty();
            }
        }
    }

    /** Numbers may be larger than a double holds; the validator compares all others with those of a schema as doubles. */
    private static JsonNode read(final String output) throws Exception {
        return finite(MAPPER.readTree(output), EXACT.readTree(output));
    }

    private static JsonNode finite(final JsonNode value, final JsonNode exact) {
        if (value instanceof ObjectNode object) {
            object.properties().forEach(entry -> entry.setValue(finite(entry.getValue(), exact.get(entry.getKey()))));
        } else if (value instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, finite(array.get(i), exact.get(i)));
            }
        }
        return value.isDouble() && Double.isInfinite(value.doubleValue()) ? exact : value;
    }

    private static void accepts(final CompiledGrammar grammar, final byte[] text, final Random random) {
        final GrammarState state = grammar.start();
        final long[] mask = new long[VOCABULARY.vocabulary().maskWords()];
        for (final int token : VOCABULARY.cut(text, random)) {
            state.fillMask(mask);
            assertThat(TestVocabulary.allows(mask, token)).as("%s of %s", new String(text, java.nio.charset.StandardCharsets.UTF_8),
                grammar.grammar().source()).isTrue();
            final GrammarState copy = state.copy();
            assertThat(state.advance(token)).isTrue();
            assertThat(copy.mayEnd()).isFalse();
        }
        assertThat(state.mayEnd()).isTrue();
    }
}
