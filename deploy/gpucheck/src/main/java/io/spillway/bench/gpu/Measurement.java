package io.spillway.bench.gpu;

/**
 * A figure, and the limit it stands beside.
 *
 * @param name      what was measured
 * @param value     in {@code unit}
 * @param unit      for instance GB/s
 * @param limit     in {@code unit}; 0: there is none to stand beside
 * @param limitName what the limit is
 */
public record Measurement(String name, double value, String unit, double limit, String limitName) {
    /** @return a figure that has no limit */
    public static Measurement of(final String name, final double value, final String unit) {
        return new Measurement(name, value, unit, 0, "");
    }

    /** @return the same beside a limit */
    public Measurement beside(final double bound, final String boundName) {
        return new Measurement(name, value, unit, bound, boundName);
    }
}
