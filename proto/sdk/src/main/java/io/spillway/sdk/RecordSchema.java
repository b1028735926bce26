package io.spillway.sdk;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.github.victools.jsonschema.module.jackson.JacksonModule;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Records as JSON schemas (every property required, none besides, in the record's order), and back from JSON. Any thread. */
final class RecordSchema {
    private static final JsonMapper JSON = JsonMapper.builder().addModule(new Jdk8Module())
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    private static final SchemaGenerator GENERATOR = generator();
    private static final ConcurrentMap<Class<?>, String> KNOWN = new ConcurrentHashMap<>();

    private RecordSchema() {
    }

    private static SchemaGenerator generator() {
        final SchemaGeneratorConfigBuilder config =
            new SchemaGeneratorConfigBuilder(JSON, SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON)
                .with(new JacksonModule())
                .with(Option.FORBIDDEN_ADDITIONAL_PROPERTIES_BY_DEFAULT, Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES,
                    Option.FLATTENED_OPTIONALS, Option.FLATTENED_ENUMS)
                .without(Option.SCHEMA_VERSION_INDICATOR);
        config.forFields().withRequiredCheck(field -> true)
            .withNullableCheck(field -> field.getType().isInstanceOf(Optional.class));
        bounds(config);
        // A model writes the parts in this order: the record's own, so that a part may build on those before it.
        config.forTypesInGeneral().withPropertySorter((first, second) -> 0);
        return new SchemaGenerator(config.build());
    }

    /** Whole numbers fit their Java type, however many digits the model would like to write. */
    private static void bounds(final SchemaGeneratorConfigBuilder config) {
        config.forTypesInGeneral()
            .withNumberInclusiveMinimumResolver(scope -> bound(scope.getType().getErasedType(), true))
            .withNumberInclusiveMaximumResolver(scope -> bound(scope.getType().getErasedType(), false));
    }

    private static BigDecimal bound(final Class<?> type, final boolean least) {
        if (type == int.class || type == Integer.class) {
            return BigDecimal.valueOf(least ? Integer.MIN_VALUE : Integer.MAX_VALUE);
        }
        if (type == long.class || type == Long.class) {
            return BigDecimal.valueOf(least ? Long.MIN_VALUE : Long.MAX_VALUE);
        }
        if (type == short.class || type == Short.class) {
            return BigDecimal.valueOf(least ? Short.MIN_VALUE : Short.MAX_VALUE);
        }
        return type == byte.class || type == Byte.class ? BigDecimal.valueOf(least ? Byte.MIN_VALUE : Byte.MAX_VALUE) : null;
    }

    /** @return the schema of such a record's JSON text */
    static String text(final Class<?> type) {
        if (!type.isRecord()) {
            throw new IllegalArgumentException(type.getName() + " is no record");
        }
        return KNOWN.computeIfAbsent(type, record -> GENERATOR.generateSchema(record).toString());
    }

    static AnswerFormat of(final Class<?> type) {
        return new AnswerFormat.JsonSchema(text(type), false);
    }

    static <T> T read(final ChatAnswer answer, final Class<T> type) {
        if (answer.reason().equals("length")) {
            throw new SpillwayException(ErrorCode.INVALID_OUTPUT, "the answer was cut by its token limit after "
                + answer.usage().outputTokens() + " tokens, before it was complete");
        }
        return read(answer.content(), type);
    }

    static <T> T read(final String json, final Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_OUTPUT, "no " + type.getSimpleName() + ": " + e.getOriginalMessage(), e);
        }
    }

    static String write(final Object value) {
        try {
            return value instanceof String text ? text : JSON.writeValueAsString(value);
        } catch (final JsonProcessingException e) {
            throw new IllegalArgumentException("a result that has no JSON form: " + e.getOriginalMessage(), e);
        }
    }
}
