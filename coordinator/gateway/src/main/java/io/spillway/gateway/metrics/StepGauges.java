package io.spillway.gateway.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.spillway.domain.cluster.StepTotals;
import io.spillway.gateway.console.ConsoleSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What the nodes' engines do in their steps, from their load reports. The numbers only grow while a node lives; they are gauges because
 * they are somebody else's, and nodes come and go. Used under the lock of a scrape.
 */
final class StepGauges {
    private static final double NANOS = 1e9;

    private final MultiGauge steps;
    private final MultiGauge sequences;
    private final MultiGauge rows;
    private final MultiGauge time;
    private final MultiGauge buckets;

    StepGauges(final MeterRegistry registry) {
        steps = gauge(registry, MetricName.STEPS, null);
        sequences = gauge(registry, MetricName.STEP_SEQUENCES, null);
        rows = gauge(registry, MetricName.STEP_ROWS, null);
        time = gauge(registry, MetricName.STEP_TIME, "seconds");
        buckets = gauge(registry, MetricName.STEP_BUCKET, null);
    }

    private static MultiGauge gauge(final MeterRegistry registry, final MetricName name, final String unit) {
        return MultiGauge.builder(name.meter()).description(name.help()).baseUnit(unit).register(registry);
    }

    /** Shows what {@code members} reported last; those that compute nothing have no rows. */
    void show(final List<ConsoleSnapshot.Member> members) {
        final List<ConsoleSnapshot.Member> engines = members.stream().filter(member -> member.role().equals("engine")).toList();
        one(steps, engines, StepTotals::steps);
        one(sequences, engines, StepTotals::sequences);
        one(time, engines, totals -> totals.nanos() / NANOS);
        final List<MultiGauge.Row<?>> kinds = new ArrayList<>();
        final List<MultiGauge.Row<?>> bounds = new ArrayList<>();
        for (final ConsoleSnapshot.Member engine : engines) {
            kinds.add(kind(engine, "prefill", engine.steps().prefillRows()));
            kinds.add(kind(engine, "decode", engine.steps().decodeRows()));
            kinds.add(kind(engine, "guessed", engine.steps().guessedRows()));
            kinds.add(kind(engine, "accepted", engine.steps().acceptedRows()));
            addBounds(engine, bounds);
        }
        rows.register(kinds, true);
        buckets.register(bounds, true);
    }

    private static void one(
        final MultiGauge gauge, final List<ConsoleSnapshot.Member> engines, final ToDoubleFunction<StepTotals> value) {
        final List<MultiGauge.Row<?>> all = new ArrayList<>();
        engines.forEach(engine -> all.add(
            MultiGauge.Row.of(Tags.of("node", engine.id()), value.applyAsDouble(engine.steps()))));
        gauge.register(all, true);
    }

    private static MultiGauge.Row<?> kind(final ConsoleSnapshot.Member engine, final String kind, final long count) {
        return MultiGauge.Row.of(Tags.of("node", engine.id(), "kind", kind), count);
    }

    /** Cumulative, with the bound as a label, as histogram_quantile takes it. */
    private static void addBounds(final ConsoleSnapshot.Member engine, final List<MultiGauge.Row<?>> bounds) {
        long below = 0;
        for (int bucket = 0; bucket < StepTotals.BUCKETS; bucket++) {
            below += engine.steps().countByBucket().get(bucket);
            final long nanos = StepTotals.bucketNanos(bucket);
            final String bound = nanos == Long.MAX_VALUE ? "+Inf" : Double.toString(nanos / NANOS);
            bounds.add(MultiGauge.Row.of(Tags.of("node", engine.id(), "le", bound), below));
        }
    }
}
