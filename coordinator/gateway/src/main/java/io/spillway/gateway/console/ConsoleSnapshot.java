package io.spillway.gateway.console;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.cluster.StepTotals;
import java.util.List;

/**
 * The cluster at one moment, for people and for metrics.
 *
 * @param requests newest first; in flight and recently ended
 */
public record ConsoleSnapshot(
    long epochMillis, List<Replica> replicas, List<Member> members, List<Request> requests, Totals totals) {

    public ConsoleSnapshot {
        replicas = List.copyOf(replicas);
        members = List.copyOf(members);
        requests = List.copyOf(requests);
        requireNonNull(totals, "totals");
    }

    /** @return a cluster that nothing is known of */
    public static ConsoleSnapshot empty(final long epochMillis) {
        return new ConsoleSnapshot(epochMillis, List.of(), List.of(), List.of(), Totals.ZERO);
    }

    /**
     * A coordinator replica.
     *
     * @param appliedIndex newest log index it has applied; -1 when not known here
     */
    public record Replica(String id, boolean leading, boolean self, long term, long appliedIndex) {
    }

    /**
     * A registered member.
     *
     * @param role               {@code engine} or {@code store}
     * @param model              "" for stores
     * @param leaseLeftMillis    negative when the lease has run out
     * @param reachable          whether its stream to this replica is open
     * @param reporting          whether a load report has come
     * @param decodeStepNanos    0 = not yet known
     * @param sources            tokens of this replica's requests that ended there
     * @param steps              of the engine, since it started
     */
    public record Member(
        String id, String role, String address, long epoch, String model, long leaseLeftMillis, boolean reachable, boolean reporting,
        int queuedRequests, int runningRequests, int queuedPrefillTokens, double prefillTokensPerSecond,
        long decodeStepNanos, List<TierUse> tiers, Sources sources, StepTotals steps) {
        public Member {
            tiers = List.copyOf(tiers);
        }
    }

    /** Tokens by where their KV came from. */
    public record Sources(long deviceTokens, long hostTokens, long remoteTokens, long diskTokens, long computedTokens) {
        /** Of nothing. */
        public static final Sources NONE = new Sources(0, 0, 0, 0, 0);
    }

    /**
     * One cache tier of one member.
     *
     * @param tier        {@code device}, {@code host} or {@code disk}
     * @param usedBlocks  blocks that hold something: leased and cached
     * @param leasedBlocks of these, blocks that running sequences use
     * @param maxBlocks   0 = bounded by bytes instead
     * @param usedBytes   0 = not reported
     */
    public record TierUse(
        String tier, long usedBlocks, long leasedBlocks, long maxBlocks, long usedBytes, long maxBytes) {
    }

    /**
     * One request. Neither prompt nor output is in it: only their sizes.
     *
     * @param run           "" when it belongs to none
     * @param session       conversation of the client; "" when nothing is known, as with the next three
     * @param agent         agent within the run
     * @param step          name of this step
     * @param parentStep    the step whose answer it goes on from
     * @param attempts      nodes it was sent to
     * @param state         {@code queued}, {@code running}, {@code finished}, {@code failed} or {@code cancelled}
     * @param failure       error code in lower case; "" unless it failed or was cancelled
     * @param sources       where the KV of its tokens came from, on the first node
     * @param placement     why it runs where it runs
     */
    public record Request(
        String id, String run, String session, String agent, String step, String parentStep, String model, String node, int attempts,
        String state, String failure, int promptTokens, int cachedTokens, int outputTokens, Sources sources, Times times, String placement) {
    }

    /**
     * How long what took, from the submission on.
     *
     * @param queueNanos    to when a node began on it; -1 before
     * @param ttftNanos     to the first token; -1 before
     * @param itlNanos      mean time between tokens; -1 when there are fewer than two
     * @param durationNanos so far
     */
    public record Times(long queueNanos, long ttftNanos, long itlNanos, long durationNanos) {
    }

    /**
     * Sums since this replica started, and how much is in progress.
     *
     * @param costNanoDollars of the whole cluster, as settled
     */
    public record Totals(
        int queued, int inFlight, long finished, long failed, long cancelled, long failedOver, long promptTokens,
        long cachedTokens, long outputTokens, long costNanoDollars) {
        /** Nothing yet. */
        public static final Totals ZERO = new Totals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
