package io.spillway.gateway.responses;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Removes files that nobody used for too long, then the longest unused ones that are too many. One thread at a time. */
final class DirectorySweep {
    private static final Pattern OURS = Pattern.compile("resp_[0-9a-f]{32}\\.json|new-.*\\.tmp");
    private static final long UNFINISHED_MILLIS = TimeUnit.HOURS.toMillis(1);

    private final Path directory;
    private final ResponseStore.Limits limits;

    /** A file as it was found. */
    private record Found(Path path, long bytes, long usedMillis) {
        Path folder() {
            return path.getParent();
        }
    }

    DirectorySweep(final Path directory, final ResponseStore.Limits limits) {
        this.directory = directory;
        this.limits = limits;
    }

    void run(final long nowMillis) throws IOException {
        final List<Found> left = new ArrayList<>();
        for (final Found file : files()) {
            final long keptMillis = file.path.toString().endsWith(".tmp") ? UNFINISHED_MILLIS : limits.keptMillis();
            if (file.usedMillis <= nowMillis - keptMillis) {
                Files.deleteIfExists(file.path);
            } else {
                left.add(file);
            }
        }
        left.sort(Comparator.comparingLong(Found::usedMillis));
        shrink(left);
    }

    private void shrink(final List<Found> oldestFirst) throws IOException {
        final Map<Path, Deque<Found>> byTenant = new HashMap<>();
        final Map<Path, Long> bytesByTenant = new HashMap<>();
        oldestFirst.forEach(file -> byTenant.computeIfAbsent(file.folder(), none -> new ArrayDeque<>()).add(file));
        byTenant.values().forEach(files -> files.removeLast()); // each tenant's newest stays
        oldestFirst.forEach(file -> bytesByTenant.merge(file.folder(), file.bytes, Long::sum));
        long bytes = oldestFirst.stream().mapToLong(Found::bytes).sum();
        while (!bytesByTenant.isEmpty()) {
            final Map.Entry<Path, Long> most = Collections.max(bytesByTenant.entrySet(), Map.Entry.comparingByValue());
            if (bytes <= limits.bytesMax() && most.getValue() <= limits.tenantBytesMax()) {
                return;
            }
            final Found oldest = byTenant.get(most.getKey()).poll();
            if (oldest == null) {
                bytesByTenant.remove(most.getKey());
            } else {
                Files.deleteIfExists(oldest.path);
                bytes -= oldest.bytes;
                most.setValue(most.getValue() - oldest.bytes);
            }
        }
    }

    private List<Found> files() throws IOException {
        final List<Found> files = new ArrayList<>();
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) {
                if (OURS.matcher(file.getFileName().toString()).matches()) {
                    files.add(new Found(file, attributes.size(), attributes.lastModifiedTime().toMillis()));
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(final Path file, final IOException gone) {
                return FileVisitResult.CONTINUE; // another replica sweeps too
            }
        });
        return files;
    }
}
