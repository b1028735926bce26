package io.spillway.local.plan;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Tries every type of GPU with every degree of tensor parallelism, and as many replicas as the load needs. */
public final class Planner {
    /** GPUs that may share a model. */
    public static final List<Integer> DEGREES = List.of(1, 2, 4, 8);
    private static final double SECONDS_PER_HOUR = 3600;
    private static final double MILLION = 1e6;
    private static final double CACHE_BYTES_MAX = 1e18;
    private static final double GIB = 1L << 30;

    private final PlannedModel model;
    private final PlannedModel.Stored stored;
    private final Workload load;

    private Planner(final PlannedModel model, final PlannedModel.Stored stored, final Workload load) {
        this.model = model;
        this.stored = stored;
        this.load = load;
    }

    /**
     * @param model   what is to be served
     * @param stored  what its weights take
     * @param load    for whom
     * @param catalog what may be chosen from
     * @return every configuration, fitting or not
     */
    public static Plan plan(final PlannedModel model, final PlannedModel.Stored stored, final Workload load, final GpuCatalog catalog) {
        final double cacheBytes = (double) model.blockBytes(model.attention().kvHeads(), load.cache()) * load.blocks() * load.concurrency();
        if (cacheBytes > CACHE_BYTES_MAX) {
            throw SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, "context", "--context times --concurrency makes a cache of more than an exabyte");
        }
        final Planner planner = new Planner(model, stored, load);
        final List<Choice> choices = new ArrayList<>();
        final List<Plan.Misfit> misfits = new ArrayList<>();
        for (final Map.Entry<String, GpuType> entry : catalog.gpus().entrySet()) {
            for (final int degree : DEGREES) {
                final GpuMemory.Host host = new GpuMemory.Host(entry.getKey(), entry.getValue(), catalog.assumptions(), degree);
                planner.obstacle(host).ifPresentOrElse(reason -> misfits.add(new Plan.Misfit(host.name(), degree, reason)),
                    () -> choices.add(planner.choice(host)));
            }
        }
        return new Plan(model, stored, load, choices, misfits);
    }

    private Optional<String> obstacle(final GpuMemory.Host host) {
        if (host.degree() > host.gpu().gpusPerHost()) {
            return Optional.of("a host has " + host.gpu().gpusPerHost());
        }
        if (model.kvHeadsOn(host.degree()) == 0) {
            return Optional.of(model.attention().heads() + " heads and " + model.attention().kvHeads() + " key-value heads cannot be divided so");
        }
        final GpuMemory memory = GpuMemory.of(model, stored, load, host);
        final long missing = memory.blockBytes() * load.blocks() - memory.cacheBytes();
        return missing <= 0 ? Optional.empty()
            : Optional.of(String.format(Locale.ROOT, "%.1f GiB of each GPU are missing for one context", missing / GIB));
    }

    private Choice choice(final GpuMemory.Host host) {
        final GpuMemory memory = GpuMemory.of(model, stored, load, host);
        final long agentsEach = memory.blocks() / load.blocks();
        final int replicas = Math.toIntExact(Math.ceilDiv((long) load.concurrency(), agentsEach));
        final long tokens = memory.blocks() * replicas * load.cache().blockTokens();
        final long used = (long) load.blocks() * load.cache().blockTokens() * load.concurrency();
        final Choice.Cache cache = new Choice.Cache(tokens, tokens - used, agentsEach * replicas);
        final Choice.Speed speed = speed(host, replicas);
        return new Choice(host.name(), host.degree(), replicas, memory, cache, speed, money(host, replicas, speed));
    }

    private Choice.Speed speed(final GpuMemory.Host host, final int replicas) {
        final Roofline roofline = new Roofline(model, stored, load, host);
        final int agents = Math.ceilDiv(load.concurrency(), replicas);
        final double decode = roofline.decodeSeconds(agents);
        final double prefill = roofline.prefillSeconds();
        return new Choice.Speed(agents, load.concurrency() / decode, 1 / decode, prefill, agents * prefill + load.outputTokens() * decode);
    }

    private Choice.Money money(final GpuMemory.Host host, final int replicas, final Choice.Speed speed) {
        final double perHour = (double) host.degree() * replicas * host.gpu().dollarsPerHour();
        final double perRun = perHour * speed.runSeconds() / SECONDS_PER_HOUR / load.concurrency();
        return new Choice.Money(perHour, perRun, perRun / load.contextTokens() * MILLION, perRun / load.outputTokens() * MILLION);
    }
}
