package io.spillway.node.scheduler;

import io.spillway.domain.id.RunId;
import java.util.Optional;
import java.util.TreeSet;

/** An agent run, or a tenant's requests without one, in a {@link FairShare}, which alone reads and writes it. */
final class FairRun<S> {
    final TreeSet<FairTicket<S>> line = new TreeSet<>(); // those that wait
    final Optional<RunId> id;
    long start;  // virtual time of its tenant's runs at which its next request's share begins
    long served;
    int live;    // requests
    int flow;    // number among live runs; meaningless without live requests

    FairRun(final Optional<RunId> id) {
        this.id = id;
    }
}
