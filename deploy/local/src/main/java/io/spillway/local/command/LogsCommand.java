package io.spillway.local.command;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.cluster.LogTail;
import io.spillway.local.cluster.RunFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows the end of the cluster's logs, and with {@code --follow} what is added, until the cluster ends. */
@Command(name = "logs", description = "Show the cluster's log.")
public final class LogsCommand implements Runnable {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private Places places;
    @Parameters(arity = "0..1", paramLabel = "NAME", description = "only this role's log, for instance node-1")
    private String name;
    @Option(names = {"-f", "--follow"}, description = "go on showing what is added")
    private boolean follow;
    @Option(names = {"-n", "--lines"}, paramLabel = "N", defaultValue = "40", description = "lines from the end (default: ${DEFAULT-VALUE})")
    private int lines;

    @Override
    public void run() {
        final List<Path> logs = logs();
        final PrintWriter out = spec.commandLine().getOut();
        final List<Long> seen = new ArrayList<>();
        for (final Path log : logs) {
            seen.add(log.toFile().length());
            LogTail.last(log, lines).forEach(line -> out.println(prefix(logs, log) + line));
        }
        out.flush();
        while (follow && RunFile.running(places.dataDir()).isPresent()) {
            for (int i = 0; i < logs.size(); i++) {
                seen.set(i, showFrom(logs.get(i), seen.get(i), prefix(logs, logs.get(i)), out));
            }
            out.flush();
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private List<Path> logs() {
        final Path folder = places.dataDir().resolve("logs");
        if (!Files.isDirectory(folder)) {
            throw new SpillwayException(ErrorCode.NOT_FOUND, "no logs in " + places.dataDir() + "; nothing was started there");
        }
        try (Stream<Path> files = Files.list(folder)) {
            final List<Path> logs = files.filter(file -> file.toString().endsWith(".log"))
                .filter(file -> name == null || file.getFileName().toString().equals(name + ".log")).sorted().toList();
            if (logs.isEmpty()) {
                throw new SpillwayException(ErrorCode.NOT_FOUND, "no log of " + (name == null ? "anything" : name) + " in " + folder);
            }
            return logs;
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    private static String prefix(final List<Path> logs, final Path log) {
        return logs.size() == 1 ? "" : log.getFileName().toString().replace(".log", "") + " | ";
    }

    /** Shows the whole lines that follow {@code offset}; returns the offset behind them. */
    private static long showFrom(final Path log, final long offset, final String prefix, final PrintWriter out) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            final long from = file.length() < offset ? 0 : offset;
            final byte[] fresh = new byte[(int) Math.min(1 << 20, file.length() - from)];
            file.seek(from);
            file.readFully(fresh);
            final String text = new String(fresh, StandardCharsets.UTF_8);
            final int end = text.lastIndexOf('\n') + 1;
            text.substring(0, end).lines().forEach(line -> out.println(prefix + line));
            return from + text.substring(0, end).getBytes(StandardCharsets.UTF_8).length;
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "cannot read " + log + ": " + e.getMessage(), e);
        }
    }
}
