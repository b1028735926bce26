package io.spillway.modelfile;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A Hugging Face {@code config.json}, or an object inside one. A JSON null counts as absent. Immutable. */
public final class HfConfig {
    private final Path file;
    private final JsonNode node;

    private HfConfig(final Path file, final JsonNode node) {
        this.file = file;
        this.node = node;
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when the file is missing or not one JSON object */
    public static HfConfig read(final Path file) {
        return new HfConfig(file, Json.readObject(file));
    }

    /** @return the text under {@code key}; empty when absent or of another type */
    public Optional<String> string(final String key) {
        return value(key).filter(JsonNode::isTextual).map(JsonNode::textValue);
    }

    /** @return the integer under {@code key}; empty when absent or of another type */
    public OptionalLong integer(final String key) {
        return value(key).filter(JsonNode::canConvertToLong).filter(JsonNode::isIntegralNumber)
                .map(n -> OptionalLong.of(n.longValue())).orElse(OptionalLong.empty());
    }

    /** @return the number under {@code key}; empty when absent or of another type */
    public OptionalDouble real(final String key) {
        return value(key).filter(JsonNode::isNumber)
                .map(n -> OptionalDouble.of(n.doubleValue())).orElse(OptionalDouble.empty());
    }

    /** @return the truth value under {@code key}; empty when absent or of another type */
    public Optional<Boolean> bool(final String key) {
        return value(key).filter(JsonNode::isBoolean).map(JsonNode::booleanValue);
    }

    /** @return the object under {@code key}; empty when absent or of another type */
    public Optional<HfConfig> object(final String key) {
        return value(key).filter(JsonNode::isObject).map(n -> new HfConfig(file, n));
    }

    /** @return the {@code index}-th text of the list under {@code key}; empty when there is none */
    public Optional<String> stringAt(final String key, final int index) {
        return value(key).filter(JsonNode::isArray).map(n -> n.get(index)).filter(JsonNode::isTextual).map(JsonNode::textValue);
    }

    /** @return the integers of the list under {@code key}; empty when absent, of another type, or with anything else in it */
    public Optional<long[]> integers(final String key) {
        return value(key).filter(JsonNode::isArray).filter(list -> list.valueStream().allMatch(n -> n.isIntegralNumber() && n.canConvertToLong()))
                .map(list -> list.valueStream().mapToLong(JsonNode::longValue).toArray());
    }

    /** @return the numbers of the list under {@code key}, as floats; empty when absent or of another type; NaN for an entry that is no number */
    public Optional<float[]> reals(final String key) {
        return value(key).filter(JsonNode::isArray).map(n -> {
            final float[] reals = new float[n.size()];
            for (int i = 0; i < reals.length; i++) {
                reals[i] = n.get(i).isNumber() ? n.get(i).floatValue() : Float.NaN;
            }
            return reals;
        });
    }

    private Optional<JsonNode> value(final String key) {
        return Optional.ofNullable(node.get(key)).filter(n -> !n.isNull());
    }
}
