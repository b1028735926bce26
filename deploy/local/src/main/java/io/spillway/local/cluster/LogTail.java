package io.spillway.local.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/** The end of a log file. */
public final class LogTail {
    private static final String OURS = "spillway: ";

    private LogTail() {
    }

    /** @return the last {@code count} lines; empty when there is no such file */
    public static List<String> last(final Path log, final int count) {
        final Deque<String> tail = new ArrayDeque<>(count + 1);
        if (!Files.exists(log)) {
            return List.of();
        }
        try (Stream<String> lines = Files.lines(log, java.nio.charset.StandardCharsets.ISO_8859_1)) {
            lines.forEach(line -> {
                tail.addLast(line);
                if (tail.size() > count) {
                    tail.removeFirst();
                }
            });
        } catch (final IOException e) {
            return List.of("(cannot read " + log + ": " + e.getMessage() + ")");
        }
        return List.copyOf(tail);
    }

    /** @return the line in which a process said why it ended, or its last line, with the file to read on in */
    public static String reason(final Path log) {
        final List<String> tail = last(log, 50);
        return tail.reversed().stream().filter(line -> line.startsWith(OURS)).findFirst().map(line -> line.substring(OURS.length()))
            .or(() -> tail.reversed().stream().filter(line -> !line.isBlank()).findFirst())
            .orElse("it said nothing") + " (log: " + log + ")";
    }
}
