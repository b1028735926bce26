package io.spillway.coordinator.placement;

import io.spillway.domain.error.ErrorCode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Filter, score, pick: of the candidates that may take the request, the one with the soonest first token, evictions charged
 * (see {@code CostModel}). Ties: fewest requests there, then lowest id. Pure; any thread.
 */
public final class PlacementPolicy {
    private static final Comparator<Scored> SOONEST = Comparator.<Scored>comparingLong(s -> s.estimate.totalNanos())
        .thenComparingInt(s -> s.candidate.requests())
        .thenComparing(s -> s.candidate.node().id());

    private final PlacementConfig config;

    /** @param config weights, and what to assume where nothing is measured */
    public PlacementPolicy(final PlacementConfig config) {
        this.config = config;
    }

    /**
     * Chooses.
     *
     * @param candidates live engines of the request's model; the order does not matter
     */
    public Placement place(final PlacementRequest request, final List<Candidate> candidates) {
        if (candidates.isEmpty()) {
            return new Placement.Rejected(ErrorCode.NO_NODE, "no live node serves " + request.model().id());
        }
        if (request.knownTokens() >= request.model().contextTokens()) {
            return new Placement.Rejected(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the request has " + request.knownTokens()
                + " tokens and needs room for one more; the context of " + request.model().id() + " is "
                + request.model().contextTokens() + " tokens");
        }
        final List<Candidate> fitting = candidates.stream().filter(candidate -> fits(request, candidate)).toList();
        if (fitting.isEmpty()) {
            return new Placement.Rejected(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the request's " + request.knownTokens()
                + " tokens fit into the device memory of no live node");
        }
        final List<Candidate> allowed = fitting.stream().filter(candidate -> !candidate.excluded()).toList();
        if (allowed.isEmpty()) {
            return new Placement.Rejected(ErrorCode.NODE_LOST, "every live node has just failed this request");
        }
        final List<Candidate> open = allowed.stream().filter(this::hasRoom).toList();
        if (open.isEmpty()) {
            return new Placement.Rejected(ErrorCode.OVERLOADED, "each of " + allowed.size() + " nodes has "
                + config.nodeInFlightMax() + " requests of this coordinator");
        }
        return pick(request, candidates, open);
    }

    /** @return whether a node is below this coordinator's limit */
    public boolean hasRoom(final Candidate candidate) {
        return candidate.own().inFlight() < config.nodeInFlightMax();
    }

    private static boolean fits(final PlacementRequest request, final Candidate candidate) {
        final int deviceBlocks = candidate.node().deviceBlocks();
        // An engine that manages its own memory may not say how much it has.
        return deviceBlocks == 0 || request.model().layout().blocksFor(request.knownTokens() + 1) <= deviceBlocks;
    }

    private Placement pick(final PlacementRequest request, final List<Candidate> all, final List<Candidate> open) {
        final CostModel costs = new CostModel(config, request, all);
        final List<Scored> scored = new ArrayList<>(open.size());
        for (final Candidate candidate : open) {
            scored.add(new Scored(candidate, costs.estimate(candidate)));
        }
        scored.sort(SOONEST);
        final Scored best = scored.getFirst();
        return new Placement.Placed(best.candidate, best.estimate, explain(request, scored, all.size()));
    }

    private static String explain(final PlacementRequest request, final List<Scored> scored, final int candidates) {
        final Estimate best = scored.getFirst().estimate;
        final StringBuilder text = new StringBuilder(256);
        text.append(scored.getFirst().candidate.node().id()).append(" in ").append(millis(best.totalNanos()))
            .append(": queue ").append(millis(best.queueNanos()))
            .append(", onboard ").append(millis(best.onboardNanos()))
            .append(", prefill ").append(millis(best.prefillNanos()))
            .append(", evict ").append(millis(best.evictNanos()))
            .append("; of ").append(request.knownTokens()).append(" tokens ")
            .append(best.cached().deviceTokens()).append(" device, ")
            .append(best.cached().hostTokens()).append(" host, ")
            .append(best.cached().remoteTokens()).append(" remote, ")
            .append(best.computedTokens()).append(" computed");
        if (scored.size() > 1) {
            text.append("; next ").append(scored.get(1).candidate.node().id()).append(" in ")
                .append(millis(scored.get(1).estimate.totalNanos()));
        }
        return text.append("; ").append(scored.size()).append(" of ").append(candidates).append(" nodes open").toString();
    }

    private static String millis(final long nanos) {
        return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }

    private record Scored(Candidate candidate, Estimate estimate) {
    }
}
