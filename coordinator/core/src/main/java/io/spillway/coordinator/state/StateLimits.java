package io.spillway.coordinator.state;

/**
 * How much the replicated state may hold. Part of what is replicated: all replicas of a cluster must have the same, or they
 * would decide differently.
 *
 * @param commandsRemembered newest command ids kept with their results, so that a resubmission is recognised
 * @param runs               most recently charged agent runs kept
 */
public record StateLimits(int commandsRemembered, int runs, int members, int tenants, int keys) {
    /** What every cluster runs with. */
    public static final StateLimits DEFAULT = new StateLimits(65_536, 4_096, 10_000, 100_000, 200_000);

    public StateLimits {
        if (Math.min(Math.min(Math.min(commandsRemembered, runs), Math.min(members, tenants)), keys) < 1) {
            throw new IllegalArgumentException("every limit must be positive");
        }
    }
}
