package io.spillway.bench.gpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;
import io.spillway.node.cuda.DecodeBucket;
import io.spillway.node.cuda.DecodeCall;
import io.spillway.node.cuda.KernelLaunch;
import io.spillway.node.cuda.PagedKv;
import io.spillway.node.cuda.PrefillCall;
import io.spillway.node.cuda.PrefillWork;
import io.spillway.node.cuda.driver.DeviceBuffer;
import io.spillway.node.cuda.driver.PinnedSlab;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What attention reaches with the heads of a model of 8B: decode beside the memory's limit, layer after layer, so that the cache of one is
 * not in the GPU's cache any more when its turn comes again; prefill in operations per second.
 */
final class AttentionBench implements GpuBench {
    private static final int HEADS = 32;
    private static final int KV_HEADS = 8;
    private static final int HEAD_DIM = 128;
    private static final int BLOCK_TOKENS = 64;
    private static final int LAYERS_MAX = 32;
    private static final long SLAB_BYTES = 2L << 30;
    private static final long QUICK_SLAB_BYTES = 1L << 22;
    private static final double GIGA = 1e9;
    private static final double TERA = 1e12;

    /** Rows of that many tokens each. */
    private record Decode(KvElement element, int rows, int tokens) { }

    private static final List<Decode> DECODES = List.of(new Decode(KvElement.F16, 1, 1024), new Decode(KvElement.F16, 1, 8192),
        new Decode(KvElement.F16, 1, 98304), new Decode(KvElement.F16, 8, 8192), new Decode(KvElement.F16, 64, 1024),
        new Decode(KvElement.F16, 256, 1024), new Decode(KvElement.BF16, 64, 1024), new Decode(KvElement.F8, 1, 98304),
        new Decode(KvElement.F8, 64, 1024), new Decode(KvElement.I8, 64, 1024), new Decode(KvElement.I4, 64, 1024));
    private static final List<Decode> QUICK_DECODES = List.of(new Decode(KvElement.F16, 2, 100));

    /** A chunk of rows behind that many tokens. */
    private record Prefill(KvElement element, int rows, int before) { }

    private static final List<Prefill> PREFILLS = List.of(new Prefill(KvElement.BF16, 8192, 0), new Prefill(KvElement.F16, 8192, 0),
        new Prefill(KvElement.F16, 512, 98304), new Prefill(KvElement.F16, 32, 98304), new Prefill(KvElement.F8, 8192, 0));
    private static final List<Prefill> QUICK_PREFILLS = List.of(new Prefill(KvElement.F16, 3, 70));

    @Override
    public String name() {
        return "attention";
    }

    @Override
    public List<Measurement> run(final GpuRig rig) {
        final List<Measurement> figures = new ArrayList<>();
        try (DeviceBuffer slab = rig.pool().allocate(rig.isQuick() ? QUICK_SLAB_BYTES : SLAB_BYTES, "attention")) {
            MatrixBench.fill(rig, slab);
            for (final Decode it : rig.isQuick() ? QUICK_DECODES : DECODES) {
                final long bytes = 2L * it.rows * it.tokens * KV_HEADS * HEAD_DIM * it.element.bits() / Byte.SIZE;
                figures.add(Measurement.of("decode attention, " + it.element + ", rows " + it.rows + " of " + it.tokens + " tokens",
                    bytes / decode(rig, slab, it) / GIGA, "GB/s").beside(rig.context().limits().memoryBytesPerSecond() / GIGA, "memory's clock and width"));
            }
            for (final Prefill it : rig.isQuick() ? QUICK_PREFILLS : PREFILLS) {
                final double pairs = it.rows * (it.before + (it.rows + 1) / 2.0);
                figures.add(Measurement.of("prefill attention, " + it.element + ", " + it.rows + " rows behind " + it.before + " tokens",
                    4.0 * pairs * HEADS * HEAD_DIM / prefill(rig, slab, it) / TERA, "TFLOP/s"));
            }
        }
        return figures;
    }

    private static KvLayout layout(final KvElement element, final int sequences, final int tokens, final long slabBytes) {
        final KvLayout one = new KvLayout(1, KV_HEADS, HEAD_DIM, BLOCK_TOKENS, element);
        final long layers = slabBytes / (one.blockBytes() * sequences * one.blocksFor(tokens));
        return new KvLayout((int) Math.clamp(layers, 1, LAYERS_MAX), KV_HEADS, HEAD_DIM, BLOCK_TOKENS, element);
    }

    /** @return seconds of a layer */
    private static double decode(final GpuRig rig, final DeviceBuffer slab, final Decode it) {
        final KvLayout layout = layout(it.element, it.rows, it.tokens, slab.bytes());
        final int stride = layout.blocksFor(it.tokens);
        final DecodeBucket bucket = DecodeBucket.of(it.rows, HEADS, layout, rig.context().limits().multiprocessors(), false);
        try (DeviceBuffer positions = ints(rig, IntStream.generate(() -> it.tokens - 1).limit(it.rows).toArray());
                DeviceBuffer sequences = ints(rig, IntStream.range(0, it.rows).toArray());
                DeviceBuffer tables = ints(rig, IntStream.range(0, it.rows * stride).toArray());
                DeviceBuffer queries = rig.pool().allocate((long) it.rows * HEADS * HEAD_DIM * Short.BYTES, "queries");
                DeviceBuffer out = rig.pool().allocate(queries.bytes(), "out");
                DeviceBuffer work = rig.pool().allocate(bucket.workBytes(), "work");
                DeviceBuffer parts = rig.pool().allocate(bucket.partsBytes(), "parts")) {
            MatrixBench.fill(rig, queries);
            final PagedKv kv = new PagedKv(layout, slab.address(), positions.address(), sequences.address(), tables.address(), stride);
            rig.launcher().launch(new DecodeCall.Plan(bucket, positions.address(), work.address(), 0).launch());
            final DecodeCall.Places places = new DecodeCall.Places(queries.address(), work.address(), parts.address(), 0, out.address());
            final List<KernelLaunch> launches = IntStream.range(0, layout.layers())
                .mapToObj(layer -> new DecodeCall.Attend(bucket, kv, layer, AttentionRule.causal(HEAD_DIM), places, DType.F16).launch()).toList();
            return rig.seconds(() -> launches.forEach(rig.launcher()::launch)) / layout.layers();
        }
    }

    private static double prefill(final GpuRig rig, final DeviceBuffer slab, final Prefill it) {
        final KvLayout layout = layout(it.element, 1, it.before + it.rows, slab.bytes());
        final int stride = layout.blocksFor(it.before + it.rows);
        final int blocksTogether = 2 * rig.context().limits().multiprocessors();
        final PrefillWork work = PrefillWork.of(List.of(new PrefillWork.Chunk(0, 0, it.rows, it.before)), HEADS, layout, 0, blocksTogether);
        try (DeviceBuffer positions = ints(rig, IntStream.range(it.before, it.before + it.rows).toArray());
                DeviceBuffer tables = ints(rig, IntStream.range(0, stride).toArray());
                DeviceBuffer items = ints(rig, work.ints());
                DeviceBuffer queries = rig.pool().allocate((long) it.rows * HEADS * HEAD_DIM * Short.BYTES, "queries");
                DeviceBuffer out = rig.pool().allocate(queries.bytes(), "out");
                DeviceBuffer arrivals = rig.pool().allocate(work.arrivalsBytes(), "arrivals");
                DeviceBuffer parts = rig.pool().allocate(Math.max(Float.BYTES, work.partsBytes()), "parts")) {
            MatrixBench.fill(rig, queries);
            rig.stream().fill(arrivals.address(), (byte) 0, arrivals.bytes());
            final PagedKv kv = new PagedKv(layout, slab.address(), positions.address(), 0, tables.address(), stride);
            final PrefillCall.Places places = new PrefillCall.Places(queries.address(), items.address(), arrivals.address(), parts.address(), 0, out.address());
            final KernelLaunch launch = new PrefillCall(work, kv, 0, AttentionRule.causal(HEAD_DIM), places, DType.BF16).launch();
            return rig.seconds(() -> rig.launcher().launch(launch));
        }
    }

    private static DeviceBuffer ints(final GpuRig rig, final int[] values) {
        final DeviceBuffer buffer = rig.pool().allocate((long) values.length * Integer.BYTES, "ints");
        try (PinnedSlab slab = PinnedSlab.allocate(rig.context(), buffer.bytes())) {
            for (int i = 0; i < values.length; i++) {
                slab.segment().setAtIndex(ValueLayout.JAVA_INT, i, values[i]);
            }
            rig.stream().copyToDevice(buffer.address(), slab.segment().asSlice(0, buffer.bytes()));
            rig.stream().synchronize();
        }
        return buffer;
    }
}
