package io.spillway.gateway.responses;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;

/** Reads query parameters. Stateless; any thread. */
final class Queries {
    private Queries() {
    }

    /** @throws SpillwayException {@code INVALID_TYPE} when it is no whole number */
    static long number(final String name, final String text) {
        try {
            return Long.parseLong(text);
        } catch (final NumberFormatException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_TYPE, name, "Invalid type for '" + name + "': expected an integer.");
        }
    }

    /** @throws SpillwayException {@code INVALID_TYPE} when it is neither true nor false */
    static boolean flag(final String name, final String text) {
        return switch (text) {
            case "true", "1" -> true;
            case "false", "0", "" -> false;
            default -> throw SpillwayException.ofField(ErrorCode.INVALID_TYPE, name, "Invalid type for '" + name + "': expected a boolean.");
        };
    }
}
