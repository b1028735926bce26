package io.spillway.kvstore.tier;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;

/**
 * Size and place of a disk tier.
 *
 * @param directory    holds segment files and nothing else; made when missing; used by one process at a time
 * @param maxBytes     files are kept below this, by deleting the oldest segment
 * @param segmentBytes a segment is closed at this size; the unit of deletion
 * @param stagingBytes blocks that wait to be written; more are refused
 * @param readsMax     reads that wait or run; more are refused
 */
public record DiskConfig(Path directory, long maxBytes, long segmentBytes, long stagingBytes, int readsMax) {
    private static final long SEGMENT_BYTES_MAX = 1L << 30;

    public DiskConfig {
        requireNonNull(directory, "directory");
        if (segmentBytes < RecordHeader.BYTES || segmentBytes > SEGMENT_BYTES_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "disk.segmentBytes",
                "a segment has between " + RecordHeader.BYTES + " and " + SEGMENT_BYTES_MAX + " bytes, not "
                    + segmentBytes);
        }
        if (maxBytes < 2 * segmentBytes) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "disk.maxBytes",
                "the disk tier holds at least two segments: " + 2 * segmentBytes + " bytes, not " + maxBytes);
        }
        if (stagingBytes < 1 || readsMax < 1) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "disk.stagingBytes",
                "the disk tier needs room for at least one write and one read");
        }
    }

    /** @return sensible sizes for a tier of {@code maxBytes}: 8 or more segments, 64 MiB of staging, 8 reads */
    public static DiskConfig of(final Path directory, final long maxBytes) {
        final long segmentBytes = Math.clamp(maxBytes / 8, 1L << 20, 256L << 20);
        return new DiskConfig(directory, maxBytes, Math.min(segmentBytes, maxBytes / 2), 64L << 20, 8);
    }
}
