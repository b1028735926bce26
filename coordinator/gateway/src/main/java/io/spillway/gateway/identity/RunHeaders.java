package io.spillway.gateway.identity;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.gateway.http.HttpCall;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Our own headers that say what a run may take, and those that count repetitions. Stateless; any thread. */
final class RunHeaders {
    static final String DEADLINE = "x-run-deadline";
    static final String PRIORITY = "x-run-priority";
    private static final BigDecimal MILLIS_PER_SECOND = BigDecimal.valueOf(1000);
    /** Seconds since 1970 beyond this are milliseconds: it is the year 5138. */
    private static final BigDecimal SECONDS_MAX = BigDecimal.valueOf(100_000_000_000L);
    private static final int NUMBER_CHARS_MAX = 24;
    private static final int RETRIES_MAX = 1000;

    private RunHeaders() {
    }

    /** @return an instant of ISO 8601, or seconds (with a fraction) or milliseconds since 1970 */
    static OptionalLong deadlineEpochMillis(final HttpCall call) {
        final Optional<String> value = call.header(DEADLINE).map(String::strip).filter(text -> !text.isEmpty());
        return value.isEmpty() ? OptionalLong.empty() : OptionalLong.of(instant(value.get()));
    }

    private static long instant(final String text) {
        try {
            return text.contains("T") || text.contains("t") ? Instant.parse(text).toEpochMilli() : sinceEpoch(text);
        } catch (final DateTimeException | ArithmeticException | NumberFormatException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, DEADLINE,
                "Invalid header '" + DEADLINE + "': expected an instant like 2026-01-31T12:00:00Z, or seconds since 1970.");
        }
    }

    private static long sinceEpoch(final String text) {
        if (text.length() > NUMBER_CHARS_MAX || !text.matches("\\d+(\\.\\d+)?")) {
            throw new NumberFormatException();
        }
        final BigDecimal number = new BigDecimal(text);
        return (number.compareTo(SECONDS_MAX) > 0 ? number : number.multiply(MILLIS_PER_SECOND)).toBigInteger().longValueExact();
    }

    static OptionalInt priority(final HttpCall call) {
        final Optional<String> value = call.header(PRIORITY).map(String::strip).filter(text -> !text.isEmpty());
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        final int priority = value.get().matches("[+-]?\\d{1,3}") ? Integer.parseInt(value.get()) : Integer.MAX_VALUE;
        if (Math.abs((long) priority) > GenerationRequest.PRIORITY_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, PRIORITY, "Invalid header '" + PRIORITY + "': expected a whole number from "
                + -GenerationRequest.PRIORITY_MAX + " to " + GenerationRequest.PRIORITY_MAX + ".");
        }
        return OptionalInt.of(priority);
    }

    /** The official clients count their own repetitions; whatever else stands there counts as none. */
    static int retries(final HttpCall call) {
        return call.header("x-stainless-retry-count").filter(text -> text.matches("\\d{1,6}"))
            .map(text -> Math.min(RETRIES_MAX, Integer.parseInt(text))).orElse(0);
    }
}
