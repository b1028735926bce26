package io.spillway.kvstore.transfer;

import java.util.concurrent.atomic.AtomicLongArray;

/** Counters of an endpoint. Written by the agent's thread (refusals by any), read by any. */
final class Tally {
    /** What is counted, in the order of {@link TransferCounters}. */
    enum Count {
        BLOCKS_FETCHED, BLOCKS_SERVED, BLOCKS_TAKEN, BYTES_IN, BYTES_OUT, CORRUPT_BLOCKS, LATE_FRAMES, MALFORMED_FRAMES,
        REQUESTS_REFUSED, LINKS_LOST
    }

    private final AtomicLongArray counts = new AtomicLongArray(Count.values().length);

    void add(final Count what, final long amount) {
        counts.addAndGet(what.ordinal(), amount);
    }

    void one(final Count what) {
        counts.incrementAndGet(what.ordinal());
    }

    TransferCounters read() {
        return new TransferCounters(counts.get(0), counts.get(1), counts.get(2), counts.get(3), counts.get(4),
            counts.get(5), counts.get(6), counts.get(7), counts.get(8), counts.get(9));
    }
}
