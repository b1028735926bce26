package io.spillway.coordinator.batch;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.TenantId;
import java.util.List;

/** A step of one batch. {@code epoch} names the claim under which it is made: of an older claim it is refused. */
public sealed interface BatchChange {
    /** @return the batch it is about */
    BatchId id();

    /** A tenant asks for a batch. */
    record Create(BatchId id, BatchOrder order) implements BatchChange {
        public Create {
            requireNonNull(order, "order");
        }
    }

    /** Somebody takes the work over from whoever had it. {@code owner} is new for every claim. */
    record Claim(BatchId id, String owner) implements BatchChange {
        /** Most characters of {@code owner}. */
        public static final int OWNER_CHARS_MAX = 200;
    }

    /** The input is good: its lines may run. */
    record Begin(BatchId id, long epoch, int lines, String model) implements BatchChange {
    }

    /** The input is bad, or what had been done is lost: the batch ends as failed. */
    record Reject(BatchId id, long epoch, List<BatchProblem> problems) implements BatchChange {
        public Reject {
            problems = List.copyOf(problems);
        }
    }

    /**
     * Records {@code from} to before {@code from + tally.lines()} of the claim's segment are on the disk, for lines that were not
     * accounted for before.
     */
    record Account(BatchId id, long epoch, int from, BatchTally tally) implements BatchChange {
        public Account {
            requireNonNull(tally, "tally");
        }
    }

    /** The tenant asks to stop. */
    record Cancel(BatchId id, TenantId tenant) implements BatchChange {
    }

    /** All lines are accounted for: the files are being put together. */
    record Close(BatchId id, long epoch) implements BatchChange {
    }

    /** The files are there: the batch ends as completed, expired or cancelled. */
    record Finish(BatchId id, long epoch, BatchStatus end, BatchFiles files) implements BatchChange {
        public Finish {
            requireNonNull(end, "end");
            requireNonNull(files, "files");
        }
    }
}
