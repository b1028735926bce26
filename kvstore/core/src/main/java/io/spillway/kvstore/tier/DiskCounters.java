package io.spillway.kvstore.tier;

/**
 * What a disk tier has done and refused since it was opened, in blocks.
 *
 * @param corrupt reads whose bytes were not what was written
 */
public record DiskCounters(
    long written, long refusedWrites, long failedWrites, long refusedReads, long failedReads, long corrupt) {
    /** Nothing yet. */
    public static final DiskCounters ZERO = new DiskCounters(0, 0, 0, 0, 0, 0);

    DiskCounters plusWritten() {
        return new DiskCounters(written + 1, refusedWrites, failedWrites, refusedReads, failedReads, corrupt);
    }

    DiskCounters plusRefusedWrite() {
        return new DiskCounters(written, refusedWrites + 1, failedWrites, refusedReads, failedReads, corrupt);
    }

    DiskCounters plusFailedWrite() {
        return new DiskCounters(written, refusedWrites, failedWrites + 1, refusedReads, failedReads, corrupt);
    }

    DiskCounters plusRefusedRead() {
        return new DiskCounters(written, refusedWrites, failedWrites, refusedReads + 1, failedReads, corrupt);
    }

    DiskCounters plusFailedRead() {
        return new DiskCounters(written, refusedWrites, failedWrites, refusedReads, failedReads + 1, corrupt);
    }

    DiskCounters plusCorrupt() {
        return new DiskCounters(written, refusedWrites, failedWrites, refusedReads, failedReads, corrupt + 1);
    }
}
