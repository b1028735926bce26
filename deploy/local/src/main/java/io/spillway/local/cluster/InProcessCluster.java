package io.spillway.local.cluster;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All roles in this JVM. They still talk over gRPC, Raft and Aeron on loopback, as they do between machines. */
public final class InProcessCluster implements ClusterLauncher {
    private static final Logger LOG = LoggerFactory.getLogger(InProcessCluster.class);
    private final Path log;

    /** @param log file that this JVM's log goes to */
    public InProcessCluster(final Path log) {
        this.log = log;
    }

    @Override
    public RunningCluster launch(final List<Role> roles, final Consumer<String> progress) {
        final List<AutoCloseable> started = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (final int stage : new TreeSet<>(roles.stream().map(Role::stage).toList())) {
                final List<Role> together = roles.stream().filter(role -> role.stage() == stage).toList();
                progress.accept("starting " + String.join(", ", together.stream().map(Role::name).toList()));
                startStage(together, threads, started);
            }
        } catch (final RuntimeException e) {
            closeReversed(started);
            throw e;
        }
        return new Running(started, List.of(ClusterProcess.of("cluster", "cluster", ProcessHandle.current(), log.toString())));
    }

    /** Adds every handle that came to be to {@code started}, also when another role of the stage failed. */
    private static void startStage(final List<Role> stage, final ExecutorService threads, final List<AutoCloseable> started) {
        final Map<Role, Future<? extends AutoCloseable>> starting = new LinkedHashMap<>();
        stage.forEach(role -> starting.put(role, threads.submit(role.start())));
        RuntimeException failure = null;
        for (final Map.Entry<Role, Future<? extends AutoCloseable>> entry : starting.entrySet()) {
            try {
                started.add(entry.getValue().get());
            } catch (final ExecutionException e) {
                failure = e.getCause() instanceof final SpillwayException known ? known
                    : new SpillwayException(ErrorCode.INTERNAL, entry.getKey().name() + " did not start: " + e.getCause(), e.getCause());
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
                failure = new SpillwayException(ErrorCode.CANCELLED, "interrupted while " + entry.getKey().name() + " started", e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static void closeReversed(final List<AutoCloseable> started) {
        for (final AutoCloseable role : started.reversed()) {
            try {
                role.close();
            } catch (final Exception e) {
                LOG.warn("a role did not close cleanly", e);
            }
        }
    }

    private record Running(List<AutoCloseable> started, List<ClusterProcess> processes) implements RunningCluster {
        @Override
        public Optional<String> failure() {
            return Optional.empty();
        }

        @Override
        public void close() {
            closeReversed(started);
        }
    }
}
