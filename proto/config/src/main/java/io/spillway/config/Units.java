package io.spillway.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations and byte sizes as text. The unit is required, so that no reader has to know it. */
public final class Units {
    private static final Pattern QUANTITY = Pattern.compile("(\\d+)\\s*([A-Za-z]*)");
    private static final Map<String, Long> NANOS = new LinkedHashMap<>();
    private static final Map<String, Long> BYTES = new LinkedHashMap<>();

    static {
        NANOS.put("d", 86_400_000_000_000L);
        NANOS.put("h", 3_600_000_000_000L);
        NANOS.put("m", 60_000_000_000L);
        NANOS.put("s", 1_000_000_000L);
        NANOS.put("ms", 1_000_000L);
        NANOS.put("us", 1_000L);
        NANOS.put("ns", 1L);
        BYTES.put("TiB", 1L << 40);
        BYTES.put("GiB", 1L << 30);
        BYTES.put("MiB", 1L << 20);
        BYTES.put("KiB", 1L << 10);
        BYTES.put("B", 1L);
    }

    private Units() {
    }

    /** @param text a whole number and one of d, h, m, s, ms, us, ns; throws {@link IllegalArgumentException} for anything else */
    public static Duration parseDuration(final String text) {
        return Duration.ofNanos(parse(text, NANOS, "a duration such as 200ms or 5s (units d, h, m, s, ms, us, ns)"));
    }

    /** @param text a whole number and one of B, KiB, MiB, GiB, TiB; throws {@link IllegalArgumentException} for anything else */
    public static long parseBytes(final String text) {
        return parse(text, BYTES, "a size such as 512MiB (units B, KiB, MiB, GiB, TiB)");
    }

    /** @return text that {@link #parseDuration} reads back to an equal duration */
    public static String formatDuration(final Duration duration) {
        return format(duration.toNanos(), NANOS, "s");
    }

    /** @return text that {@link #parseBytes} reads back to the same number */
    public static String formatBytes(final long bytes) {
        return format(bytes, BYTES, "B");
    }

    private static long parse(final String text, final Map<String, Long> units, final String expected) {
        final Matcher matcher = QUANTITY.matcher(text.strip());
        final Long unit = matcher.matches() ? units.get(matcher.group(2)) : null;
        if (unit == null) {
            throw new IllegalArgumentException("must be " + expected + ", got '" + text + "'");
        }
        try {
            return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
        } catch (final ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException("is too large: '" + text + "'", e);
        }
    }

    private static String format(final long amount, final Map<String, Long> units, final String unitOfZero) {
        if (amount != 0) {
            for (final Map.Entry<String, Long> unit : units.entrySet()) {
                if (amount % unit.getValue() == 0) {
                    return amount / unit.getValue() + unit.getKey();
                }
            }
        }
        return amount + unitOfZero;
    }
}
