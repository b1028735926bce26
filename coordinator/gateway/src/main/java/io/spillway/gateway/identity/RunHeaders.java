package io.spillway.gateway.identity;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.RunTerms;
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
    static final String BUDGET = "x-run-budget";
    static final String STEPS = "x-run-steps";
    static final String GAP = "x-run-tool-gap";
    private static final int NANO_DIGITS = 9;
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

    /** @return budget in dollars, number of steps, seconds to the next request: what is not said is left open */
    static RunTerms terms(final HttpCall call) {
        final Optional<BigDecimal> budget = positive(call, BUDGET, "dollars", Long.MAX_VALUE >> 1, NANO_DIGITS);
        final Optional<BigDecimal> steps = positive(call, STEPS, "a whole number", Integer.MAX_VALUE, 0);
        final Optional<BigDecimal> gap = positive(call, GAP, "seconds", Integer.MAX_VALUE, 3);
        return new RunTerms(budget.map(BigDecimal::longValueExact).orElse(0L), steps.map(BigDecimal::intValueExact).orElse(0),
            gap.map(BigDecimal::longValueExact).orElse(-1L));
    }

    /**
     * @param max    of what is returned
     * @param digits after the point; more are not taken
     * @return the number, as a multiple of its last digit
     */
    private static Optional<BigDecimal> positive(
        final HttpCall call, final String header, final String unit, final long max, final int digits) {
        final Optional<String> text = call.header(header).map(String::strip).filter(value -> !value.isEmpty());
        if (text.isEmpty()) {
            return Optional.empty();
        }
        final boolean number = text.get().length() <= NUMBER_CHARS_MAX && text.get().matches("\\d+(\\.\\d{1,9})?");
        final Optional<BigDecimal> value = (number ? Optional.of(new BigDecimal(text.get()).movePointRight(digits)) : Optional.<BigDecimal>empty())
            .filter(scaled -> scaled.signum() > 0 && scaled.stripTrailingZeros().scale() <= 0 && scaled.compareTo(BigDecimal.valueOf(max)) <= 0);
        if (value.isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, header, "Invalid header '" + header + "': expected " + unit + " above zero, with at most "
                + digits + " digits after the point.");
        }
        return value;
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
