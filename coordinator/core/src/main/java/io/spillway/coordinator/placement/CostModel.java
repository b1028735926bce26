package io.spillway.coordinator.placement;

import io.spillway.coordinator.prefix.PrefixRuns;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.kv.KvLayout;
import java.util.List;

/**
 * Estimates seconds, not scores. With rate R (prefill tokens per second of the node; where it has not measured one, the mean
 * of those that have, else the configured one), bandwidth W likewise, and T tokens per block:
 *
 * <pre>
 * computed = known - T × (device + host + remote blocks), at least 1: a node always computes the last known token
 * queue    = (reported queued tokens - those of ours that ended since + tokens we sent since) / R
 *          + ceil(computed / stepTokens) × decode step, if anything runs there
 * onboard  = min(host blocks × blockBytes / W,                 host tokens / R)
 *          + min(remote blocks × blockBytes / (W × remoteSpeedShare), remote tokens / R)
 * prefill  = computed / R
 * short    = max(0, blocks needed - free blocks not yet promised), of which evicted = min(short, cached blocks)
 * evict    = evicted × T / R × reuseProbability + (short - evicted) × T / R
 * </pre>
 *
 * The last term prices blocks that only other sequences' end or preemption can free, as work that somebody repeats for sure.
 */
final class CostModel {
    private static final double NANOS = 1e9;
    /** Nine years: sums of a few stay in a long, however absurd a reported rate is. */
    private static final double NANOS_MAX = 1L << 58;

    private final PlacementConfig config;
    private final PlacementRequest request;
    private final KvLayout layout;
    private final double fallbackTokensPerSecond;
    private final double fallbackBytesPerSecond;

    CostModel(final PlacementConfig config, final PlacementRequest request, final List<Candidate> candidates) {
        this.config = config;
        this.request = request;
        this.layout = request.model().layout();
        this.fallbackTokensPerSecond = candidates.stream().flatMap(c -> c.load().stream())
            .mapToDouble(NodeLoad::prefillTokensPerSecond).filter(CostModel::usable).average()
            .orElse(config.prefillTokensPerSecond());
        this.fallbackBytesPerSecond = candidates.stream().flatMap(c -> c.load().stream())
            .mapToDouble(NodeLoad::onboardBytesPerSecond).filter(CostModel::usable).average()
            .orElse(config.onboardBytesPerSecond());
    }

    Estimate estimate(final Candidate candidate) {
        final double tokensPerSecond =
            measured(candidate.load().map(NodeLoad::prefillTokensPerSecond).orElse(0d), fallbackTokensPerSecond);
        final PrefixRuns runs = request.matches().of(candidate.node().id());
        final Estimate.Cached cached = cached(runs);
        final int computedTokens = request.knownTokens() - cached.tokens();
        final int blocksNeeded = blocksNeeded(runs);
        return new Estimate(
            queueNanos(candidate, computedTokens, tokensPerSecond),
            onboardNanos(candidate, cached, tokensPerSecond),
            computeNanos(computedTokens, tokensPerSecond),
            evictNanos(candidate, blocksNeeded, tokensPerSecond),
            cached, computedTokens, blocksNeeded);
    }

    private Estimate.Cached cached(final PrefixRuns runs) {
        final int most = request.knownTokens() - 1;
        final int device = Math.min(most, runs.deviceBlocks() * layout.blockTokens());
        final int own = Math.min(most, runs.ownBlocks() * layout.blockTokens());
        final int reach = Math.min(most, runs.reachBlocks() * layout.blockTokens());
        return new Estimate.Cached(device, own - device, reach - own);
    }

    private int blocksNeeded(final PrefixRuns runs) {
        final long tokens = (long) request.knownTokens()
            + Math.min(config.outputTokensExpected(), request.outputTokensMax());
        return Math.max(1, layout.blocksFor((int) Math.min(tokens, request.model().contextTokens())) - runs.deviceBlocks());
    }

    private long queueNanos(final Candidate candidate, final int computedTokens, final double tokensPerSecond) {
        final long reported = candidate.load().map(NodeLoad::queuedPrefillTokens).orElse(0);
        final long queued = candidate.own().pendingPrefillTokens()
            + Math.max(0, reported - candidate.own().endedPrefillTokens());
        final boolean decoding = candidate.load().map(load -> load.runningRequests() > 0).orElse(candidate.own().inFlight() > 0);
        final long steps = decoding ? Math.ceilDiv(computedTokens, config.stepTokens()) : 0;
        final long stepNanos = (long) measured(
            candidate.load().map(load -> (double) load.decodeStepNanos()).orElse(0d), config.decodeStepNanos());
        return computeNanos(queued, tokensPerSecond) + (long) Math.min(NANOS_MAX, (double) steps * stepNanos);
    }

    private long onboardNanos(final Candidate candidate, final Estimate.Cached cached, final double tokensPerSecond) {
        final double bytesPerSecond =
            measured(candidate.load().map(NodeLoad::onboardBytesPerSecond).orElse(0d), fallbackBytesPerSecond);
        return moveNanos(cached.hostTokens(), bytesPerSecond, tokensPerSecond)
            + moveNanos(cached.remoteTokens(), bytesPerSecond * config.remoteSpeedShare(), tokensPerSecond);
    }

    private long moveNanos(final int tokens, final double bytesPerSecond, final double tokensPerSecond) {
        final double bytes = (double) layout.blocksFor(tokens) * layout.blockBytes();
        return Math.min((long) (bytes / bytesPerSecond * NANOS), computeNanos(tokens, tokensPerSecond));
    }

    private long evictNanos(final Candidate candidate, final int blocksNeeded, final double tokensPerSecond) {
        final int free = candidate.load().map(NodeLoad::freeBlocks).orElse(candidate.node().deviceBlocks());
        final int evictable = candidate.load().map(NodeLoad::cachedBlocks).orElse(0);
        final int missing = Math.max(0, blocksNeeded - Math.max(0, free - candidate.own().pendingBlocks()));
        final int evicted = Math.min(missing, evictable);
        final double blocks = evicted * config.reuseProbability() + (missing - evicted);
        return (long) Math.min(NANOS_MAX, blocks * layout.blockTokens() / tokensPerSecond * NANOS);
    }

    private static long computeNanos(final long tokens, final double tokensPerSecond) {
        return (long) Math.min(NANOS_MAX, tokens / tokensPerSecond * NANOS);
    }

    private static double measured(final double value, final double fallback) {
        return usable(value) ? value : fallback;
    }

    /** Reports come from other processes: zero means unknown, and nothing else but a positive number is believed. */
    private static boolean usable(final double value) {
        return value > 0 && value < Double.POSITIVE_INFINITY;
    }
}
