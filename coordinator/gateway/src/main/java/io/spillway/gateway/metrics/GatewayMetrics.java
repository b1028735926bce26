package io.spillway.gateway.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.PrefillSources;
import io.spillway.gateway.chat.ChatObserver;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.gateway.console.ConsoleState;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** Counts what the gateway sees and shows what the cluster says, as Prometheus text. Any thread. */
public final class GatewayMetrics implements ChatObserver {
    private static final double NANO_DOLLARS = 1e9;
    private static final Duration[] LATENCIES = millis(5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000);
    private static final Duration[] GAPS = millis(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ConsoleState state;
    private final AtomicReference<ConsoleSnapshot> latest = new AtomicReference<>(ConsoleSnapshot.empty(0));
    /** Keeps what counters ask from being collected: Micrometer holds it weakly. */
    private final List<DoubleSupplier> counted = new CopyOnWriteArrayList<>();
    private final MultiGauge members = rows(MetricName.MEMBERS, null);
    private final MultiGauge nodeQueue = rows(MetricName.NODE_QUEUE, null);
    private final MultiGauge nodeRunning = rows(MetricName.NODE_RUNNING, null);
    private final StepGauges steps = new StepGauges(registry);
    private final MultiGauge kvBlocks = rows(MetricName.KV_BLOCKS, null);
    private final MultiGauge kvBytes = rows(MetricName.KV_BYTES, "bytes");
    private final MultiGauge kvBytesMax = rows(MetricName.KV_BYTES_MAX, "bytes");

    private final Map<OfModel, Timer> timers = new ConcurrentHashMap<>();

    /** A metric of one model. */
    private record OfModel(MetricName name, ModelId model) {
    }

    /** One member's tier, for the gauges. */
    private record TierRow(String node, ConsoleSnapshot.TierUse use) {
        Tags tags() {
            return Tags.of("node", node, "tier", use.tier());
        }
    }

    public GatewayMetrics(final ConsoleState state) {
        this.state = state;
        total(MetricName.QUEUE, totals -> totals.queued());
        total(MetricName.IN_FLIGHT, totals -> totals.inFlight());
        counter(MetricName.FAILED_OVER, () -> latest.get().totals().failedOver());
    }

    private static Duration[] millis(final int... bounds) {
        return java.util.Arrays.stream(bounds).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
    }

    private MultiGauge rows(final MetricName name, final String unit) {
        return MultiGauge.builder(name.meter()).description(name.help()).baseUnit(unit).register(registry);
    }

    private void total(final MetricName name, final ToDoubleFunction<ConsoleSnapshot.Totals> value) {
        gauge(name, () -> value.applyAsDouble(latest.get().totals()));
    }

    /** Shows a count that somebody else keeps and that only grows. {@code value} is asked at every scrape, on any thread. */
    public void counter(final MetricName name, final DoubleSupplier value) {
        FunctionCounter.builder(name.meter(), value, DoubleSupplier::getAsDouble).description(name.help()).register(registry);
        counted.add(value);
    }

    /** Shows a number that somebody else keeps. {@code value} is asked at every scrape, on any thread. */
    public void gauge(final MetricName name, final DoubleSupplier value) {
        Gauge.builder(name.meter(), value::getAsDouble).description(name.help()).strongReference(true).register(registry);
    }

    @Override
    public void onFirstToken(final ModelId model, final long ttftNanos) {
        timer(MetricName.TTFT, model, LATENCIES).record(Duration.ofNanos(ttftNanos));
    }

    @Override
    public void onNextTokens(final ModelId model, final int tokens, final long nanosPerToken) {
        final Timer timer = timer(MetricName.ITL, model, GAPS);
        for (int token = 0; token < tokens; token++) {
            timer.record(Duration.ofNanos(nanosPerToken));
        }
    }

    @Override
    public void onOverflow(final ModelId model) {
        count(MetricName.OVERFLOWS, Tags.of("model", model.value()), 1);
    }

    /** @return an observer of requests that wait for idle capacity: what they consume counts, how long they take does not */
    public ChatObserver ofIdleRequests() {
        return new ChatObserver() {
            @Override
            public void onFirstToken(final ModelId model, final long ttftNanos) {
                // Not what anybody waited for.
            }

            @Override
            public void onNextTokens(final ModelId model, final int tokens, final long nanosPerToken) {
                // Not what anybody waited for.
            }

            @Override
            public void onOverflow(final ModelId model) {
                GatewayMetrics.this.onOverflow(model);
            }

            @Override
            public void onEnd(
                final ModelId model, final ChatUsage usage, final Optional<ErrorCode> failure, final long nanos) {
                consumed(model, usage, failure);
            }
        };
    }

    @Override
    public void onEnd(final ModelId model, final ChatUsage usage, final Optional<ErrorCode> failure, final long nanos) {
        if (consumed(model, usage, failure)) {
            timer(MetricName.DURATION, model, LATENCIES).record(Duration.ofNanos(nanos));
        }
    }

    private boolean consumed(final ModelId model, final ChatUsage usage, final Optional<ErrorCode> failure) {
        if (failure.filter(ErrorCode.MODEL_NOT_FOUND::equals).isPresent()) {
            count(MetricName.REQUESTS, Tags.of("model", "unknown", "outcome", outcome(failure)), 1);
            return false;
        }
        final Tags tags = Tags.of("model", model.value());
        count(MetricName.REQUESTS, tags.and("outcome", outcome(failure)), 1);
        count(MetricName.PROMPT_TOKENS, tags, usage.usage().promptTokens());
        count(MetricName.CACHED_TOKENS, tags, usage.usage().cachedTokens());
        count(MetricName.OUTPUT_TOKENS, tags, usage.usage().outputTokens());
        count(MetricName.COST, tags, usage.costNanoDollars() / NANO_DOLLARS);
        final PrefillSources sources = usage.usage().sources();
        count(MetricName.SOURCE_TOKENS, tags.and("tier", "device"), sources.deviceTokens());
        count(MetricName.SOURCE_TOKENS, tags.and("tier", "host"), sources.hostTokens());
        count(MetricName.SOURCE_TOKENS, tags.and("tier", "remote"), sources.remoteTokens());
        count(MetricName.SOURCE_TOKENS, tags.and("tier", "disk"), sources.diskTokens());
        count(MetricName.SOURCE_TOKENS, tags.and("tier", "computed"), sources.computedTokens());
        return true;
    }

    private static String outcome(final Optional<ErrorCode> failure) {
        return failure.map(code -> code.name().toLowerCase(Locale.ROOT)).orElse("ok");
    }

    /** An HTTP answer was given. */
    public void onAnswer(final int status) {
        count(MetricName.HTTP_REQUESTS, Tags.of("status", Integer.toString(status)), 1);
    }

    private void count(final MetricName name, final Tags tags, final double amount) {
        Counter.builder(name.meter()).description(name.help()).tags(tags).register(registry).increment(amount);
    }

    /** Asked for at every token: to look a timer up by building it again costs more than to record. */
    private Timer timer(final MetricName name, final ModelId model, final Duration[] bounds) {
        return timers.computeIfAbsent(new OfModel(name, model), key -> Timer.builder(name.meter()).description(name.help())
            .tag("model", model.value()).serviceLevelObjectives(bounds).register(registry));
    }

    /** @return the page that Prometheus reads: text format 0.0.4 */
    public String scrape() {
        final ConsoleSnapshot snapshot = state.snapshot();
        latest.set(snapshot);
        members.register(Stream.of("engine", "store").map(role -> MultiGauge.Row.of(Tags.of("role", role),
            snapshot.members().stream().filter(member -> member.role().equals(role)).count())).toList(), true);
        nodeQueue.register(snapshot.members().stream().map(member -> MultiGauge.Row.of(
            Tags.of("node", member.id()), member.queuedRequests())).toList(), true);
        nodeRunning.register(snapshot.members().stream().map(member -> MultiGauge.Row.of(
            Tags.of("node", member.id()), member.runningRequests())).toList(), true);
        steps.show(snapshot.members());
        kvBlocks.register(tiers(snapshot).map(row -> MultiGauge.Row.of(row.tags(), row.use().usedBlocks())).toList(), true);
        kvBytes.register(tiers(snapshot).map(row -> MultiGauge.Row.of(row.tags(), row.use().usedBytes())).toList(), true);
        kvBytesMax.register(tiers(snapshot).map(row -> MultiGauge.Row.of(row.tags(), row.use().maxBytes())).toList(), true);
        return registry.scrape();
    }

    private static Stream<TierRow> tiers(final ConsoleSnapshot snapshot) {
        return snapshot.members().stream().flatMap(
            member -> member.tiers().stream().map(use -> new TierRow(member.id(), use)));
    }
}
