package io.spillway.local.cluster;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Every role a process of its own, with its config in {@code conf/NAME.yaml} and its output in {@code logs/NAME.log}. */
public final class ChildProcesses implements ClusterLauncher {
    private final Path dataDir;

    /** @param dataDir folder of the cluster */
    public ChildProcesses(final Path dataDir) {
        this.dataDir = dataDir;
    }

    @Override
    public RunningCluster launch(final List<Role> roles, final Consumer<String> progress) {
        final Running running = new Running();
        try {
            for (final Role role : roles) {
                progress.accept("starting " + role.name());
                running.add(role, start(role), logOf(role.name()));
            }
        } catch (final RuntimeException e) {
            running.close();
            throw e;
        }
        return running;
    }

    private Path logOf(final String name) {
        return dataDir.resolve("logs").resolve(name + ".log");
    }

    private Process start(final Role role) {
        final Path config = dataDir.resolve("conf").resolve(role.name() + ".yaml");
        ConfigFile.write(config, role.launch().config());
        final List<String> command = new ArrayList<>(Jvm.command(role.launch().heap()));
        command.addAll(List.of(role.launch().mainClass(), "--config", config.toString()));
        try {
            return spawn(command, logOf(role.name()));
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "cannot start a process for " + role.name() + ": " + e.getMessage(), e);
        }
    }

    /** Starts {@code command} without a terminal, its output appended to {@code log}. */
    public static Process spawn(final List<String> command, final Path log) throws IOException {
        Files.createDirectories(log.getParent());
        return new ProcessBuilder(command)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    }

    private static final class Running implements RunningCluster {
        private final List<Process> children = new ArrayList<>();
        private final List<ClusterProcess> processes = new ArrayList<>();
        private final Set<Long> reported = new HashSet<>();

        private void add(final Role role, final Process child, final Path log) {
            children.add(child);
            processes.add(ClusterProcess.of(role.kind(), role.name(), child.toHandle(), log.toString()));
        }

        @Override
        public List<ClusterProcess> processes() {
            return List.copyOf(processes);
        }

        @Override
        public Optional<String> failure() {
            for (int i = 0; i < children.size(); i++) {
                final Process child = children.get(i);
                if (!child.isAlive() && reported.add(child.pid())) {
                    final ClusterProcess process = processes.get(i);
                    return Optional.of(process.name() + " (pid " + process.pid() + ") ended with status " + child.exitValue() + ": "
                        + LogTail.reason(Path.of(process.log())));
                }
            }
            return Optional.empty();
        }

        @Override
        public void close() {
            Ending.end(processes, line -> { });
        }
    }
}
