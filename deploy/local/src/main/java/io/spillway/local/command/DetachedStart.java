package io.spillway.local.command;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.cluster.ChildProcesses;
import io.spillway.local.cluster.ClusterSpec;
import io.spillway.local.cluster.Jvm;
import io.spillway.local.cluster.LogTail;
import io.spillway.local.cluster.RunFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** Starts a one-process cluster in a JVM that outlives this one, and waits until it serves. */
final class DetachedStart {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final String HEAP = "1g";

    private final ClusterSpec wanted;
    private final Consumer<String> progress;

    DetachedStart(final ClusterSpec wanted, final Consumer<String> progress) {
        this.wanted = wanted;
        this.progress = progress;
    }

    /** @return what the started cluster wrote down; throws {@link SpillwayException} with its last words when it ended instead */
    RunFile run() {
        final Path log = ServerLog.file(wanted.dataDir());
        final Process child = spawn(log);
        final ProgressTail tail = new ProgressTail(log);
        while (true) {
            final Optional<RunFile> run = RunFile.read(wanted.dataDir())
                .filter(written -> written.processes().stream().anyMatch(process -> process.pid() == child.pid()));
            final boolean ended = !child.isAlive();
            tail.fresh().forEach(progress);
            if (run.isPresent()) {
                return run.get();
            }
            if (ended) {
                throw new SpillwayException(ErrorCode.INTERNAL, LogTail.reason(log));
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private Process spawn(final Path log) {
        final List<String> command = new ArrayList<>(Jvm.command(HEAP));
        command.addAll(List.of("io.spillway.local.SpillwayMain", "up", "--serve", "--nodes", Integer.toString(wanted.nodes()),
            "--model", wanted.model().toString(), "--data", wanted.dataDir().toString(), "--port", Integer.toString(wanted.port())));
        command.addAll(wanted.serving().arguments());
        try {
            java.nio.file.Files.createDirectories(log.getParent());
            java.nio.file.Files.deleteIfExists(log);
            return ChildProcesses.spawn(command, log);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "cannot start a process: " + e.getMessage(), e);
        }
    }
}
