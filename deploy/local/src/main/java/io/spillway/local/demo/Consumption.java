package io.spillway.local.demo;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What one or more requests consumed and how fast they were.
 *
 * @param steps        requests
 * @param cachedTokens prompt tokens that were not computed again
 * @param ttftNanos    time to first token of each request
 * @param requestNanos sum of the requests' durations
 * @param costUsd      sum of what the server says they cost; empty when any request came without a cost
 */
public record Consumption(
    int steps, long promptTokens, long cachedTokens, long outputTokens, List<Long> ttftNanos, long requestNanos,
    OptionalDouble costUsd) {
    /** Nothing yet. */
    public static final Consumption NONE = new Consumption(0, 0, 0, 0, List.of(), 0, OptionalDouble.of(0));

    public Consumption {
        ttftNanos = List.copyOf(ttftNanos);
    }

    /** @return both together */
    public Consumption plus(final Consumption other) {
        final List<Long> both = new java.util.ArrayList<>(ttftNanos);
        both.addAll(other.ttftNanos);
        return new Consumption(steps + other.steps, promptTokens + other.promptTokens, cachedTokens + other.cachedTokens,
            outputTokens + other.outputTokens, both, requestNanos + other.requestNanos,
            costUsd.isPresent() && other.costUsd.isPresent()
                ? OptionalDouble.of(costUsd.getAsDouble() + other.costUsd.getAsDouble()) : OptionalDouble.empty());
    }

    /** @return median time to first token in milliseconds; 0 without requests */
    public double ttftMedianMillis() {
        final List<Long> sorted = ttftNanos.stream().sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2) / 1e6;
    }

    /** @return output tokens per second of request time, waiting for the first token included */
    public double tokensPerSecond() {
        return requestNanos == 0 ? 0 : outputTokens * 1e9 / requestNanos;
    }
}
