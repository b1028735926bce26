package io.spillway.local.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One operating-system process of a cluster.
 *
 * @param role         coordinator, node, store, or cluster when it holds them all
 * @param startedMillis when it started, epoch milliseconds: with the pid it tells this process from a later one of the same pid
 * @param log          its log file
 */
public record ClusterProcess(String role, String name, long pid, long startedMillis, String log) {
    /** The start time that the operating system reports moves a little when the clock is adjusted. */
    private static final Duration TOLERANCE = Duration.ofSeconds(3);

    /** @return the entry of a living process */
    public static ClusterProcess of(final String role, final String name, final ProcessHandle process, final String log) {
        final long started = process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return new ClusterProcess(role, name, process.pid(), started, log);
    }

    /** @return the process, if it still lives and is the one that was started, not another with the same number */
    public Optional<ProcessHandle> handle() {
        return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).filter(this::same);
    }

    private boolean same(final ProcessHandle process) {
        return process.info().startInstant()
            .map(instant -> Math.abs(instant.toEpochMilli() - startedMillis) <= TOLERANCE.toMillis())
            .orElse(false);
    }
}
