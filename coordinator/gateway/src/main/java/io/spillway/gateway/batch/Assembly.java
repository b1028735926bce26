package io.spillway.gateway.batch;

import io.spillway.coordinator.batch.BatchFiles;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchWork;
import io.spillway.domain.id.FileId;
import io.spillway.gateway.files.FilePurpose;
import io.spillway.gateway.files.FileStore;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the output and the error file of a batch whose lines are all accounted for, in the order of the input. The same batch gives
 * the same files under the same ids, however often and by whomever it is done. One thread.
 */
final class Assembly {
    private final Workplace place;
    private final BatchJob job;
    private final Map<Long, FileChannel> segments = new HashMap<>();

    private Assembly(final Workplace place, final BatchJob job) {
        this.place = place;
        this.job = job;
    }

    static BatchFiles of(final Workplace place, final BatchJob job) throws IOException {
        return new Assembly(place, job).make();
    }

    private BatchFiles make() throws IOException {
        final Recovered.Places places = Recovered.Places.of(place, job);
        final Path output = Files.createTempFile(place.files().uploads(), "output-", ".unfinished");
        final Path errors = Files.createTempFile(place.files().uploads(), "errors-", ".unfinished");
        try (OutputStream toOutput = open(output); OutputStream toErrors = open(errors)) {
            for (final BatchWork.Segment segment : job.work().segments()) {
                segments.put(segment.epoch(),
                    FileChannel.open(place.segment(job.id(), segment.epoch()), StandardOpenOption.READ));
            }
            for (int line = 0; line < job.lines(); line++) {
                final LineResult result = Segment.readAt(segments.get(places.epochs()[line]), places.positions()[line]);
                final OutputStream to = result.isError() ? toErrors : toOutput;
                to.write(result.text());
                to.write('\n');
            }
            toOutput.flush();
            toErrors.flush();
            return new BatchFiles(keep(output, "output"), keep(errors, "errors"));
        } finally {
            for (final FileChannel segment : segments.values()) {
                segment.close();
            }
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }

    private static OutputStream open(final Path file) throws IOException {
        return new BufferedOutputStream(Files.newOutputStream(file), 256 << 10);
    }

    private Optional<FileId> keep(final Path content, final String what) throws IOException {
        if (Files.size(content) == 0) {
            return Optional.empty();
        }
        final String name = job.id().value().substring("batch_".length());
        final FileId id = new FileId("file-" + name.substring(0, Math.min(64, name.length())) + "-" + what);
        place.files().add(new FileStore.NewFile(id, job.order().tenant(), job.id() + "_" + what + ".jsonl",
            FilePurpose.BATCH_OUTPUT, job.order().outputKeepSeconds()), content);
        return Optional.of(id);
    }
}
