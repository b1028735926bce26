package io.spillway.coordinator.raft;

import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchFiles;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchOrder;
import io.spillway.coordinator.batch.BatchProblem;
import io.spillway.coordinator.batch.BatchStatus;
import io.spillway.coordinator.batch.BatchTally;
import io.spillway.coordinator.batch.BatchTimes;
import io.spillway.coordinator.batch.BatchWork;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.util.OptionalLong;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Any batch, any step of one. */
final class BatchImages {
    private BatchImages() {
    }

    private static Arbitrary<BatchId> ids() {
        return Images.names().map(name -> new BatchId("batch_" + name));
    }

    private static Arbitrary<FileId> files() {
        return Images.names().map(name -> new FileId("file-" + name));
    }

    private static Arbitrary<Long> longs() {
        return Arbitraries.longs();
    }

    private static Arbitrary<Integer> integers() {
        return Arbitraries.integers();
    }

    private static Arbitrary<BatchOrder> orders() {
        final Arbitrary<TreeMap<String, String>> metadata =
            Arbitraries.maps(Images.texts(), Images.texts()).ofMaxSize(3).map(TreeMap::new);
        return Combinators.combine(Images.names().map(TenantId::new), files(), Images.texts(), longs(), metadata,
            Arbitraries.longs().greaterOrEqual(0).optional().map(keep -> keep.map(OptionalLong::of).orElse(OptionalLong.empty())))
            .as(BatchOrder::new);
    }

    private static Arbitrary<BatchTally> tallies() {
        return Combinators.combine(integers(), integers(), longs(), longs(), longs(), longs()).as(BatchTally::new);
    }

    private static Arbitrary<BatchProblem> problems() {
        return Combinators.combine(Images.texts(), Images.texts(), Images.texts(), integers()).as(BatchProblem::new);
    }

    private static Arbitrary<BatchFiles> outcomes() {
        return Combinators.combine(files().optional(), files().optional()).as(BatchFiles::new);
    }

    private static Arbitrary<BatchStatus> statuses() {
        return Arbitraries.of(BatchStatus.values());
    }

    static Arbitrary<BatchChange> changes() {
        return Arbitraries.oneOf(
            Combinators.combine(ids(), orders()).as(BatchChange.Create::new),
            Combinators.combine(ids(), Images.texts()).as(BatchChange.Claim::new),
            Combinators.combine(ids(), longs(), integers(), Images.texts()).as(BatchChange.Begin::new),
            Combinators.combine(ids(), longs(), problems().list().ofMaxSize(3)).as(BatchChange.Reject::new),
            Combinators.combine(ids(), longs(), integers(), tallies()).as(BatchChange.Account::new),
            Combinators.combine(ids(), Images.names().map(TenantId::new)).as(BatchChange.Cancel::new),
            Combinators.combine(ids(), longs()).as(BatchChange.Close::new),
            Combinators.combine(ids(), longs(), statuses(), outcomes()).as(BatchChange.Finish::new));
    }

    static Arbitrary<BatchJob> jobs() {
        final Arbitrary<BatchTimes> times =
            Combinators.combine(longs(), longs(), longs(), longs(), longs(), longs()).as(BatchTimes::new);
        final Arbitrary<BatchWork> work = Combinators.combine(Images.texts(), longs(),
            Combinators.combine(longs(), integers()).as(BatchWork.Segment::new).list().ofMaxSize(3)).as(BatchWork::new);
        final Arbitrary<BatchFiles> files = outcomes();
        return Combinators.combine(Combinators.combine(ids(), orders(), statuses()).as(Head::new), times, Images.texts(), integers(),
            tallies(), work, files, problems().list().ofMaxSize(3)).as((head, when, model, lines, tally, done, out, problems) ->
                new BatchJob(head.id, head.order, head.status, when, model, lines, tally, done, out, problems));
    }

    private record Head(BatchId id, BatchOrder order, BatchStatus status) {
    }
}
