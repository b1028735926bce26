package io.spillway.coordinator.state;

import java.util.stream.IntStream;

/**
 * How much the replicated state may hold. Part of what is replicated: all replicas of a cluster must have the same, or they
 * would decide differently.
 *
 * @param commandsRemembered newest command ids kept with their results, so that a resubmission is recognised
 * @param runs               most recently charged agent runs kept
 * @param batches            batches kept, those that ended longest ago forgotten first
 * @param batchesActive      batches of one tenant that have not ended
 */
public record StateLimits(int commandsRemembered, int runs, int members, int tenants, int keys, int batches, int batchesActive) {
    /** What every cluster runs with. */
    public static final StateLimits DEFAULT = new StateLimits(65_536, 4_096, 10_000, 100_000, 200_000);
    private static final int BATCHES = 4_096;
    private static final int BATCHES_ACTIVE = 64;

    /** The usual number of batches. */
    public StateLimits(final int commandsRemembered, final int runs, final int members, final int tenants, final int keys) {
        this(commandsRemembered, runs, members, tenants, keys, BATCHES, BATCHES_ACTIVE);
    }

    public StateLimits {
        if (IntStream.of(commandsRemembered, runs, members, tenants, keys, batches, batchesActive).anyMatch(limit -> limit < 1)) {
            throw new IllegalArgumentException("every limit must be positive");
        }
    }
}
