package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.DispatchCounts;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.PrefillSources;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A coordinator at one moment, for the console and the metrics. Counters are since its start. Immutable; any thread.
 *
 * @param inFlight requests on nodes
 * @param waiting  requests accepted and on no node
 * @param failures failed requests by code, refusals included, cancelled ones not
 * @param nodes    live engines
 * @param live     the newest requests that have not ended, at most {@link #REQUESTS_MAX}
 * @param recent   the last requests that have ended, newest first, at most {@link #REQUESTS_MAX}
 */
public record CoordinatorStats(
    int inFlight, int waiting, Totals totals, Map<ErrorCode, Long> failures, DispatchCounts dispatch, Blocks blocks,
    SortedMap<NodeId, Node> nodes, List<RequestSummary> live, List<RequestSummary> recent) {
    /** Most requests listed. */
    public static final int REQUESTS_MAX = 50;
    /** Before the agent's first cycle. */
    public static final CoordinatorStats EMPTY = new CoordinatorStats(0, 0, new Totals(0, 0, 0, 0, 0, 0, 0, 0), Map.of(),
        new DispatchCounts(0, 0, 0, 0, 0, 0, 0), new Blocks(0, 0, 0, 0, 0, 0, 0), new TreeMap<>(), List.of(), List.of());

    public CoordinatorStats {
        final Map<ErrorCode, Long> ordered = new EnumMap<>(ErrorCode.class);
        ordered.putAll(failures);
        failures = Collections.unmodifiableMap(ordered);
        nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
        live = List.copyOf(live);
        recent = List.copyOf(recent);
    }

    /**
     * Sums.
     *
     * @param accepted  requests handed in and not refused at the door
     * @param refused   requests refused at the door, because the agent was too far behind or closed
     * @param finished  ended complete
     * @param failed    ended failed
     * @param cancelled ended because the caller asked
     */
    public record Totals(
        long accepted, long refused, long finished, long failed, long cancelled, long promptTokens, long cachedTokens,
        long outputTokens) {
    }

    /**
     * The prefix index.
     *
     * @param blocks  distinct blocks known
     * @param sources members that have told what they hold
     * @param applied batches applied
     * @param gaps    batches refused because others are missing before them
     * @param stale   batches refused because they were old
     * @param dropped KV batches and load reports that found no room
     * @param resyncs snapshots asked for
     */
    public record Blocks(int blocks, int sources, long applied, long gaps, long stale, long dropped, long resyncs) {
    }

    /**
     * One engine.
     *
     * @param inFlight   requests of this coordinator there
     * @param placements requests it was given in this epoch
     * @param sources    where the KV of the known tokens of those that ended there came from
     * @param load       its last report
     */
    public record Node(long epoch, int inFlight, long placements, Sources sources, Optional<NodeLoad> load) {
    }

    /** Tokens by where their KV came from, of many requests. */
    public record Sources(long deviceTokens, long hostTokens, long remoteTokens, long diskTokens, long computedTokens) {
        /** Of none yet. */
        public static final Sources NONE = new Sources(0, 0, 0, 0, 0);

        /** @return these and those of one more attempt */
        public Sources plus(final PrefillSources more) {
            return new Sources(deviceTokens + more.deviceTokens(), hostTokens + more.hostTokens(), remoteTokens + more.remoteTokens(),
                diskTokens + more.diskTokens(), computedTokens + more.computedTokens());
        }
    }
}
