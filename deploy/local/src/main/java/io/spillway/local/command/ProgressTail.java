package io.spillway.local.command;

import io.spillway.local.cluster.LogTail;
import java.nio.file.Path;
import java.util.List;

/** The progress lines that another process writes into its log, each told once. */
final class ProgressTail {
    private static final int LINES_MAX = 10_000;
    /** Marks progress in a log; what a process says at its end is marked otherwise, so that it is not told twice. */
    static final String MARK = "spillway> ";
    private final Path log;
    private int told;

    ProgressTail(final Path log) {
        this.log = log;
    }

    /** @return lines written since the last call, without their prefix */
    List<String> fresh() {
        final List<String> lines = LogTail.last(log, LINES_MAX).stream().filter(line -> line.startsWith(MARK))
            .map(line -> line.substring(MARK.length())).toList();
        final List<String> fresh = lines.subList(Math.min(told, lines.size()), lines.size());
        told = lines.size();
        return fresh;
    }
}
