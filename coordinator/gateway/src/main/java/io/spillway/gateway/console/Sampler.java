package io.spillway.gateway.console;

import io.spillway.domain.cluster.StepTotals;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/**
 * Makes the charts' points of what is counted elsewhere. Totals become rates over the last {@value #WINDOW} samples, so that a point is
 * neither one request's accident nor a minute late. One thread.
 */
final class Sampler {
    /** Samples that a rate is over: seconds, as samples are taken. */
    static final int WINDOW = 5;
    private static final double P50 = 50;
    private static final double P99 = 99;

    private final Latencies latencies;
    private final ErrorBook errors;
    private final ArrayDeque<Counts> counts = new ArrayDeque<>();
    private final ArrayDeque<Latencies.Interval> intervals = new ArrayDeque<>();
    private Map<Incarnation, StepTotals> lastSteps = Map.of();
    private long outputTokens;
    private long computedTokens;

    /** An engine's totals begin anew with each of its epochs. */
    private record Incarnation(String id, long epoch) {
    }

    /** What only grows, at one moment. */
    private record Counts(
        long nanos, long outputTokens, long computedTokens, long finished, long promptTokens, long cachedTokens, long refused, long failed) {
    }

    Sampler(final Latencies latencies, final ErrorBook errors) {
        this.latencies = latencies;
        this.errors = errors;
    }

    /** @param nowNanos of a clock that only goes forward, for the rates */
    Sample sample(final ConsoleSnapshot now, final long nowNanos) {
        final Counts newest = count(now, nowNanos);
        final Counts oldest = counts.isEmpty() ? newest : counts.peekFirst();
        keep(newest);
        final Latencies.Interval window = window();
        final double seconds = (newest.nanos - oldest.nanos) / (double) TimeUnit.SECONDS.toNanos(1);
        return new Sample(now.epochMillis(), now.totals().inFlight(), now.totals().queued(),
            now.members().stream().mapToInt(ConsoleSnapshot.Member::queuedRequests).sum(),
            rate(newest.outputTokens - oldest.outputTokens, seconds), rate(newest.computedTokens - oldest.computedTokens, seconds),
            rate(newest.finished - oldest.finished, seconds), spread(window.ttft()), spread(window.itl()), hitRate(newest, oldest),
            rate(newest.refused - oldest.refused, seconds), rate(newest.failed - oldest.failed, seconds),
            bytes(now, ConsoleSnapshot.TierUse::usedBytes), bytes(now, ConsoleSnapshot.TierUse::maxBytes),
            (int) now.members().stream().filter(member -> member.role().equals("engine") && member.reachable()).count());
    }

    private Counts count(final ConsoleSnapshot now, final long nowNanos) {
        final Map<Incarnation, StepTotals> steps = new HashMap<>();
        for (final ConsoleSnapshot.Member member : now.members()) {
            final Incarnation engine = new Incarnation(member.id(), member.epoch());
            final StepTotals before = lastSteps.getOrDefault(engine, member.reporting() ? member.steps() : StepTotals.NONE);
            // A member that has not reported yet says nothing: its totals are not zero.
            final StepTotals after = member.reporting() ? member.steps() : before;
            outputTokens += grown(before, after, totals -> totals.decodeRows() + totals.acceptedRows());
            computedTokens += grown(before, after, StepTotals::prefillRows);
            if (member.reporting()) {
                steps.put(engine, after);
            }
        }
        lastSteps = steps;
        final ConsoleSnapshot.Totals totals = now.totals();
        return new Counts(nowNanos, outputTokens, computedTokens, totals.finished(), totals.promptTokens(), totals.cachedTokens(),
            errors.refused(), errors.failed());
    }

    private static long grown(final StepTotals before, final StepTotals after, final ToLongFunction<StepTotals> value) {
        return Math.max(0, value.applyAsLong(after) - value.applyAsLong(before));
    }

    private void keep(final Counts newest) {
        if (counts.size() == WINDOW) {
            counts.removeFirst();
            intervals.removeFirst();
        }
        counts.addLast(newest);
        intervals.addLast(latencies.take());
    }

    private Latencies.Interval window() {
        final Latencies.Interval sum = Latencies.Interval.empty();
        intervals.forEach(sum::add);
        return sum;
    }

    private static double rate(final long count, final double seconds) {
        return seconds > 0 ? rounded(count / seconds, 100) : 0;
    }

    private static double rounded(final double value, final int parts) {
        return Math.rint(value * parts) / parts;
    }

    private static double hitRate(final Counts newest, final Counts oldest) {
        final long prompt = newest.promptTokens - oldest.promptTokens;
        return prompt > 0 ? rounded((newest.cachedTokens - oldest.cachedTokens) / (double) prompt, 10_000) : -1;
    }

    private static Sample.Spread spread(final Histogram micros) {
        return micros.getTotalCount() == 0 ? new Sample.Spread(-1, -1) : new Sample.Spread(
            TimeUnit.MICROSECONDS.toNanos(micros.getValueAtPercentile(P50)), TimeUnit.MICROSECONDS.toNanos(micros.getValueAtPercentile(P99)));
    }

    private static Sample.Bytes bytes(final ConsoleSnapshot now, final ToLongFunction<ConsoleSnapshot.TierUse> value) {
        return new Sample.Bytes(bytes(now, "device", value), bytes(now, "host", value), bytes(now, "disk", value));
    }

    private static long bytes(final ConsoleSnapshot now, final String tier, final ToLongFunction<ConsoleSnapshot.TierUse> value) {
        return now.members().stream().flatMap(member -> member.tiers().stream()).filter(use -> use.tier().equals(tier))
            .mapToLong(value).sum();
    }
}
