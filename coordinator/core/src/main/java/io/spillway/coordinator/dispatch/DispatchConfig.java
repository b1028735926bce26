package io.spillway.coordinator.dispatch;

/**
 * How dispatch deals with nodes that fail.
 *
 * @param attemptsMax     most nodes a request is tried on
 * @param silenceMaxNanos longest time without any event before an attempt counts as lost; longer than any honest prefill
 * @param nodeEventsMax   events that may wait for the agent; an attempt whose event finds no room counts as lost
 * @param eventsPerCycle  events handled per duty cycle
 */
public record DispatchConfig(int attemptsMax, long silenceMaxNanos, int nodeEventsMax, int eventsPerCycle) {
    /** Ten minutes of silence, four attempts. */
    public static final DispatchConfig DEFAULT = new DispatchConfig(4, 600_000_000_000L, 1 << 16, 4096);

    public DispatchConfig {
        if (attemptsMax < 1 || silenceMaxNanos < 1 || nodeEventsMax < 1 || eventsPerCycle < 1) {
            throw new IllegalArgumentException("attemptsMax, silenceMaxNanos, nodeEventsMax, eventsPerCycle must be positive");
        }
    }
}
