package io.spillway.local.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Ends processes that we started, and no others: the pid and the start time must both match. */
public final class Ending {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private Ending() {
    }

    /**
     * Asks all to end (nodes before stores before coordinators: last started first), waits, and kills what is left.
     *
     * @param report told one line per process that had to be killed
     * @return how many lived when this was called
     */
    public static int end(final List<ClusterProcess> processes, final Consumer<String> report) {
        final List<ClusterProcess> alive = processes.reversed().stream().filter(process -> process.handle().isPresent()).toList();
        alive.forEach(process -> process.handle().ifPresent(ProcessHandle::destroy));
        final long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        for (final ClusterProcess process : alive) {
            final Optional<ProcessHandle> handle = process.handle();
            if (handle.isPresent() && !ended(handle.get(), deadlineNanos - System.nanoTime())) {
                report.accept(process.name() + " (pid " + process.pid() + ") did not end in " + PATIENCE.toSeconds() + " s; killed");
                handle.get().destroyForcibly();
                ended(handle.get(), TimeUnit.SECONDS.toNanos(5));
            }
        }
        return alive.size();
    }

    private static boolean ended(final ProcessHandle process, final long withinNanos) {
        try {
            process.onExit().get(Math.max(1, withinNanos), TimeUnit.NANOSECONDS);
            return true;
        } catch (final TimeoutException e) {
            return !process.isAlive();
        } catch (final ExecutionException e) {
            throw new IllegalStateException("waiting for pid " + process.pid() + " failed", e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return !process.isAlive();
        }
    }
}
