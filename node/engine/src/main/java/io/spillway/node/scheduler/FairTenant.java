package io.spillway.node.scheduler;

import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A tenant in a {@link FairShare}, which alone reads and writes it. */
final class FairTenant<S> {
    final Map<Optional<RunId>, FairRun<S>> runs = new HashMap<>();
    final TenantId id;
    long start;   // virtual time of all tenants at which its next request's share begins
    long virtual; // time of its own runs
    int live;     // requests
    int liveRuns; // with requests
    int waiting;  // requests

    FairTenant(final TenantId id) {
        this.id = id;
    }

    /** @return the head of the line of the run whose turn it is; some request waits */
    FairTicket<S> first() {
        FairTicket<S> best = null;
        for (final FairRun<S> run : runs.values()) {
            final FairTicket<S> head = run.line.isEmpty() ? null : run.line.first();
            if (head != null && (best == null || isBefore(head, best))) {
                best = head;
            }
        }
        return best;
    }

    private static <S> boolean isBefore(final FairTicket<S> a, final FairTicket<S> b) {
        final long startA = a.run.start - FairShare.worth(a.priority);
        final long startB = b.run.start - FairShare.worth(b.priority);
        return startA < startB || startA == startB && a.arrival < b.arrival;
    }

    void forgetIdle(final int idleMax) {
        if (runs.size() > 2 * liveRuns + idleMax) {
            runs.values().removeIf(run -> run.live == 0 && run.start <= virtual);
            if (runs.size() > 2 * liveRuns + idleMax) {
                runs.values().removeIf(run -> run.live == 0);
            }
        }
    }
}
