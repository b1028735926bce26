package io.spillway.domain.time;

/** Wall-clock time. Replicated state never reads one: the leader stamps each command. */
@FunctionalInterface
public interface EpochClock {
    /** The machine's wall clock. */
    EpochClock SYSTEM = System::currentTimeMillis;

    /** @return milliseconds since 1970-01-01T00:00Z */
    long epochMillis();
}
