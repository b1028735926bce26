package io.spillway.bench.kv;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.bench.engine.Kernels;
import io.spillway.bench.engine.MachineLimits;
import io.spillway.domain.kv.KvElement;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.model.LanguageModel;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A long context from the first token to the last: cold prefill, what a token costs at depth, decode at depth, then the whole
 * cache down to the host tier and back. The context may be longer than the model file declares: speed does not depend on it.
 *
 * <p>{@code --every K} computes every K-th chunk of the prefill only, over random keys and values: a forecast in a K-th of the
 * time, marked as such.
 */
public final class LongContextBench {
    private static final double GIGA = 1e9;
    private static final int DECODES = 8;
    private static final long WARM_UP_NANOS = 3_000_000_000L;

    private LongContextBench() {
    }

    private record Options(Path model, int[] depths, int every, KvElement kv, int threads, String kernels, boolean json) {
        int tokens() {
            return depths[depths.length - 1];
        }
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) throws Exception {
        final Options options = parse(args);
        if (options == null) {
            System.exit(2);
            return;
        }
        final MachineLimits limits = MachineLimits.measure(options.threads());
        try (ComputeBackend backend = Kernels.start(options.kernels(), options.threads());
                LanguageModel model = KvBench.load(options.model(), backend, options.tokens() + ContextRig.CHUNK_TOKENS);
                ContextRig rig = new ContextRig(backend, model, options.kv(), options.tokens() + ContextRig.CHUNK_TOKENS)) {
            print(options, row("machine").put("backend", backend.description()).put("read_gb_s", limits.readBytesPerSecond() / GIGA)
                .put("fp32_gflop_s", limits.flopsPerSecond() / GIGA).put("model", options.model().getFileName().toString())
                .put("kv", options.kv().name()).put("kv_bytes_per_token", rig.layout().blockBytes() / ContextRig.BLOCK_TOKENS));
            warmUp(rig);
            if (options.every() > 1) {
                rig.fill(0, rig.blocks());
            }
            prefill(options, rig);
            trip(options, rig);
        }
    }

    private static void warmUp(final ContextRig rig) {
        long left = WARM_UP_NANOS;
        while (left > 0) {
            left -= rig.step(0, ContextRig.CHUNK_TOKENS) + rig.step(ContextRig.CHUNK_TOKENS, 1);
        }
    }

    /** Prefill from position 0, with a row at every depth: so far, of the last chunk, and one token decoded there. */
    private static void prefill(final Options options, final ContextRig rig) {
        double total = 0;
        int done = 0;
        for (final int depth : options.depths()) {
            final int chunks = Math.ceilDiv(depth, ContextRig.CHUNK_TOKENS);
            total += stretch(options, rig, done, chunks);
            done = chunks;
            final long last = rig.step((chunks - 1) * ContextRig.CHUNK_TOKENS, depth - (chunks - 1) * ContextRig.CHUNK_TOKENS);
            print(options, row("depth").put("tokens", depth).put("cold_prefill_s", total / GIGA).put("forecast", options.every() > 1)
                .put("prefill_tokens_s", depth * GIGA / total).put("prefill_at_depth_ms_token", last / 1e6 / (depth - (chunks - 1) * ContextRig.CHUNK_TOKENS))
                .put("decode_at_depth_ms", rig.decode(depth, DECODES) / 1e6));
        }
    }

    /**
     * Chunks from, inclusive, to to, exclusive: all, or those in the middles of equal parts. A chunk's cost grows evenly with its position,
     * so middles give the sum without bias; taking each measured chunk for those behind it forecast a third too little.
     *
     * @return nanoseconds of all of them
     */
    private static double stretch(final Options options, final ContextRig rig, final int from, final int to) {
        final int chunks = to - from;
        final int measured = Math.ceilDiv(chunks, options.every());
        double nanos = 0;
        for (int part = 0; part < measured; part++) {
            final int at = (from + (2 * part + 1) * chunks / (2 * measured)) * ContextRig.CHUNK_TOKENS;
            nanos += rig.step(at, Math.min(ContextRig.CHUNK_TOKENS, options.tokens() - at));
        }
        return nanos * chunks / measured;
    }

    private static void trip(final Options options, final ContextRig rig) throws InterruptedException {
        final List<MemorySegment> blocks = new ArrayList<>();
        for (int i = 0; i < rig.layout().fullBlocks(options.tokens()); i++) {
            blocks.add(rig.block(i));
        }
        final long bytes = blocks.size() * rig.layout().blockBytes();
        rig.step(options.tokens(), 1);
        final float[] before = rig.logits().clone();
        try (TierTrip trip = new TierTrip(bytes + bytes / 8 + (64L << 20))) {
            final long down = trip.offload(blocks);
            blocks.forEach(block -> block.fill((byte) 0));
            final long up = trip.onboard(blocks);
            rig.step(options.tokens(), 1);
            print(options, row("tiers").put("blocks", blocks.size()).put("bytes", bytes).put("offload_s", down / GIGA).put("offload_gb_s", (double) bytes / down)
                .put("onboard_s", up / GIGA).put("onboard_gb_s", (double) bytes / up).put("same_logits", Arrays.equals(before, rig.logits())));
        }
    }

    private static ObjectNode row(final String kind) {
        return new ObjectMapper().createObjectNode().put("row", kind);
    }

    private static void print(final Options options, final ObjectNode row) {
        if (options.json()) {
            System.out.println(row);
            return;
        }
        final StringBuilder line = new StringBuilder(row.path("row").asText() + ":");
        row.fields().forEachRemaining(field -> {
            if (!field.getKey().equals("row")) {
                final String value = field.getValue().isDouble() ? String.format(Locale.ROOT, "%.3f", field.getValue().doubleValue()) : field.getValue().asText();
                line.append("  ").append(field.getKey()).append(' ').append(value);
            }
        });
        System.out.println(line);
    }

    private static Options parse(final String[] args) {
        Path model = null;
        int[] depths = {8192, 32_768, 98_304};
        int every = 1;
        KvElement kv = KvElement.F16;
        int threads = Runtime.getRuntime().availableProcessors();
        String kernels = "auto";
        boolean json = false;
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals("--json")) {
                json = true;
                continue;
            }
            if (i + 1 == args.length) {
                return usage("option " + args[i] + " needs a value, or is unknown");
            }
            final String value = args[++i];
            switch (args[i - 1]) {
                case "--model", "-m" -> model = Path.of(value);
                case "-d" -> depths = Arrays.stream(value.split(",")).mapToInt(Integer::parseInt).sorted().toArray();
                case "--every" -> every = Integer.parseInt(value);
                case "--kv" -> kv = KvElement.valueOf(value.toUpperCase(Locale.ROOT));
                case "--threads", "-t" -> threads = Integer.parseInt(value);
                case "--kernels" -> kernels = value;
                default -> {
                    return usage("unknown option " + args[i - 1]);
                }
            }
        }
        if (model == null || depths[0] < ContextRig.CHUNK_TOKENS || every < 1) {
            return usage("--model is missing, a depth is below " + ContextRig.CHUNK_TOKENS + ", or --every is not positive");
        }
        return new Options(model, depths, every, kv, threads, kernels, json);
    }

    private static Options usage(final String problem) {
        System.err.println("spillway: bench longcontext: " + problem + "; usage: --model M [-d DEPTH,…] [--every K] [--kv ELEMENT] "
            + "[--threads T] [--kernels K] [--json]");
        return null;
    }
}
