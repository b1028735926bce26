package io.spillway.gateway.console;

import io.spillway.domain.cluster.StepTotals;
import io.spillway.gateway.console.ConsoleSnapshot.Member;
import io.spillway.gateway.console.ConsoleSnapshot.Replica;
import io.spillway.gateway.console.ConsoleSnapshot.Totals;
import java.util.List;

/** Snapshots for tests. */
final class Snapshots {
    private Snapshots() {
    }

    static ConsoleSnapshot of(final long epochMillis, final Totals totals, final Member... members) {
        return new ConsoleSnapshot(epochMillis, List.of(new Replica("c1", true, true, 4, 77)), List.of(members), List.of(), totals);
    }

    static Totals totals(final long finished, final long promptTokens, final long cachedTokens, final long failedOver) {
        return new Totals(1, 2, finished, 0, 0, failedOver, promptTokens, cachedTokens, 0, 0);
    }

    static Member engine(final String id, final long epoch, final boolean reachable) {
        return engine(id, epoch, reachable, StepTotals.NONE);
    }

    static Member engine(final String id, final long epoch, final boolean reachable, final StepTotals steps) {
        return new Member(id, "engine", "127.0.0.1:1", epoch, "m", 9_000, reachable, true, 3, 2, 0, 0, 0,
            List.of(new ConsoleSnapshot.TierUse("device", 4, 1, 8, 400, 800), new ConsoleSnapshot.TierUse("disk", 1, 0, 0, 7, 70)),
            ConsoleSnapshot.Sources.NONE, steps);
    }

    static StepTotals steps(final long prefillRows, final long decodeRows, final long acceptedRows) {
        return new StepTotals(1, 1, prefillRows, decodeRows, acceptedRows, acceptedRows, 1, StepTotals.NONE.countByBucket());
    }
}
