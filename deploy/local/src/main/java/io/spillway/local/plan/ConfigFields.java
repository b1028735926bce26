package io.spillway.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.List;
import java.util.Optional;

/** A {@code config.json} under typed questions; null counts as absent, another type is refused by its key. */
final class ConfigFields {
    private static final long VALUE_MAX = 1 << 26;
    private static final long NUMBERS_MAX = 100_000_000_000_000L;

    private final String source;
    private final JsonNode node;

    ConfigFields(final String source, final JsonNode node) {
        this.source = source;
        this.node = node;
    }

    SpillwayException wrong(final ErrorCode code, final String key, final String problem) {
        return SpillwayException.ofField(code, key, source + ": " + key + " " + problem);
    }

    boolean has(final String key) {
        return node.hasNonNull(key);
    }

    Optional<ConfigFields> object(final String key) {
        return has(key) && node.get(key).isObject() ? Optional.of(new ConfigFields(source, node.get(key))) : Optional.empty();
    }

    /** @return a size: 1 to 2^26 */
    int size(final String key) {
        if (!has(key)) {
            throw wrong(ErrorCode.MISSING_FIELD, key, "is missing");
        }
        return (int) whole(key, 1);
    }

    int size(final String key, final int absent) {
        return has(key) ? size(key) : absent;
    }

    /** @return a size, or 0 */
    int count(final String key, final int absent) {
        return has(key) ? (int) whole(key, 0) : absent;
    }

    /** @return the size of a group; -1: a group is a whole row */
    int wholeRowsOr(final String key, final int absent) {
        return has(key) && node.get(key).isIntegralNumber() && node.get(key).longValue() == -1 ? -1 : size(key, absent);
    }

    private long whole(final String key, final long least) {
        final JsonNode value = node.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < least || value.longValue() > VALUE_MAX) {
            throw wrong(ErrorCode.INVALID_VALUE, key, "must be a whole number from " + least + " to " + VALUE_MAX);
        }
        return value.longValue();
    }

    /** @return the product; refused by {@code key} when no model has so many numbers, long before it overflows */
    long product(final String key, final long... factors) {
        long product = 1;
        for (final long factor : factors) {
            if (factor > 0 && product > NUMBERS_MAX / factor) {
                throw wrong(ErrorCode.ABOVE_MAXIMUM, key, "makes a model of more than " + NUMBERS_MAX + " numbers");
            }
            product *= factor;
        }
        return product;
    }

    boolean flag(final String key, final boolean absent) {
        if (has(key) && !node.get(key).isBoolean()) {
            throw wrong(ErrorCode.INVALID_TYPE, key, "must be true or false");
        }
        return has(key) ? node.get(key).booleanValue() : absent;
    }

    Optional<String> text(final String key) {
        if (has(key) && !node.get(key).isTextual()) {
            throw wrong(ErrorCode.INVALID_TYPE, key, "must be a text");
        }
        return has(key) ? Optional.of(node.get(key).textValue()) : Optional.empty();
    }

    /** @return the texts of a list; empty: there is none */
    List<String> texts(final String key) {
        if (!has(key)) {
            return List.of();
        }
        if (!node.get(key).isArray()) {
            throw wrong(ErrorCode.INVALID_TYPE, key, "must be a list");
        }
        return node.get(key).valueStream().map(JsonNode::asText).toList();
    }
}
