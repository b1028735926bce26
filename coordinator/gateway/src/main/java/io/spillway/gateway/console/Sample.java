package io.spillway.gateway.console;

/**
 * One point of the charts. Rates, latencies and the hit rate are of the few seconds before it; requests and latencies are those of this
 * replica, tokens and bytes those of all members that report to it.
 *
 * @param nodeQueued              requests that wait on nodes
 * @param outputTokensPerSecond   that engines gave out
 * @param computedTokensPerSecond of prompts, that engines computed
 * @param finishedPerSecond       requests that ended complete
 * @param hitRate                 share of the prompt tokens of requests that ended whose KV was found, 0 to 1; -1 when none ended
 * @param refusedPerSecond        HTTP answers that say that the caller should do something else (4xx)
 * @param failedPerSecond         HTTP answers that say that something is wrong here (5xx), and streams that broke off
 * @param engines                 engines that can be reached
 */
public record Sample(
    long epochMillis, int inFlight, int queued, int nodeQueued, double outputTokensPerSecond, double computedTokensPerSecond,
    double finishedPerSecond, Spread ttft, Spread itl, double hitRate, double refusedPerSecond, double failedPerSecond,
    Bytes usedBytes, Bytes maxBytes, int engines) {

    /** Of some latencies. @param p50Nanos -1 when there were none, as with the other */
    public record Spread(long p50Nanos, long p99Nanos) {
    }

    /** Per tier, summed over members. */
    public record Bytes(long device, long host, long disk) {
    }
}
