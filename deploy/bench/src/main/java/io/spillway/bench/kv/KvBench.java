package io.spillway.bench.kv;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.bench.engine.Kernels;
import io.spillway.bench.engine.MachineLimits;
import io.spillway.domain.kv.KvElement;
import io.spillway.local.command.Places;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What each element of the KV cache costs and gives: bytes and capacity, the bundled model's answers on its own conversations,
 * decode and prefill speed of a model at depth. Speeds are of whole steps; the cache holds random numbers then.
 */
public final class KvBench {
    private static final double GIGA = 1e9;
    private static final long GIBI = 1L << 30;
    private static final int REPETITIONS = 8;
    private static final long WARM_UP_NANOS = 3_000_000_000L;

    private KvBench() {
    }

    private record Options(Path model, int depth, int threads, String kernels, boolean json) {
    }

    private record Row(KvElement element, long tokenBytes, KvQuality.Result quality, double decodeMillis, double prefillTokensPerSecond) {
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) throws Exception {
        final Options options = parse(args);
        if (options == null) {
            System.exit(2);
            return;
        }
        final Path brook = Places.bundledModel();
        final Path golden = brook.resolveSibling("golden").resolve(brook.getFileName() + ".json");
        final MachineLimits limits = MachineLimits.measure(options.threads());
        try (ComputeBackend backend = Kernels.start(options.kernels(), options.threads());
                LanguageModel judged = load(brook, backend, 0);
                LanguageModel timed = load(options.model(), backend, options.depth() + ContextRig.CHUNK_TOKENS)) {
            final KvQuality quality = new KvQuality(backend, judged, golden);
            begin(options, backend, limits);
            for (final KvElement element : KvElement.values()) {
                print(options, measure(options, backend, timed, element, quality));
            }
        }
    }

    /** @param contextLeast positions that must fit, whatever the file says */
    static LanguageModel load(final Path path, final ComputeBackend backend, final int contextLeast) {
        try (ModelSource source = ModelSource.open(path)) {
            return ModelLoader.load(source, backend, ModelLoader.Options.defaults().withContext(contextLeast));
        }
    }

    private static Row measure(final Options options, final ComputeBackend backend, final LanguageModel timed, final KvElement element,
            final KvQuality quality) {
        try (ContextRig rig = new ContextRig(backend, timed, element, options.depth() + ContextRig.CHUNK_TOKENS)) {
            rig.fill(0, rig.blocks());
            long left = WARM_UP_NANOS;
            while (left > 0) {
                left -= rig.step(0, 64) + rig.step(options.depth(), 1);
            }
            final long decodeNanos = rig.decode(options.depth(), REPETITIONS);
            final long prefillNanos = Math.min(rig.step(options.depth(), ContextRig.CHUNK_TOKENS), rig.step(options.depth(), ContextRig.CHUNK_TOKENS));
            return new Row(element, rig.layout().blockBytes() / ContextRig.BLOCK_TOKENS, quality.measure(element), decodeNanos / 1e6,
                ContextRig.CHUNK_TOKENS * GIGA / prefillNanos);
        }
    }

    private static void begin(final Options options, final ComputeBackend backend, final MachineLimits limits) {
        if (options.json()) {
            return;
        }
        System.out.println(backend.description());
        System.out.printf(Locale.ROOT, "limits now, %d threads: memory read %.1f GB/s, fp32 %.0f GFLOP/s%n", options.threads(),
            limits.readBytesPerSecond() / GIGA, limits.flopsPerSecond() / GIGA);
        System.out.printf(Locale.ROOT, "bytes and speed: %s; perplexity: %s%n", options.model().getFileName(), Places.bundledModel().getFileName());
        System.out.printf(Locale.ROOT, "| element | bytes a token | tokens per GiB | perplexity | divergence, nats | other greedy tokens "
            + "| decode at %1$d, ms | prefill at %1$d, tokens/s |%n", options.depth());
        System.out.println("|---|---|---|---|---|---|---|---|");
    }

    private static void print(final Options options, final Row row) {
        if (options.json()) {
            final ObjectNode json = new ObjectMapper().createObjectNode();
            json.put("element", row.element().name()).put("model", options.model().getFileName().toString()).put("token_bytes", row.tokenBytes());
            json.put("perplexity", row.quality().perplexity()).put("divergence", row.quality().divergence());
            json.put("flips", row.quality().flips()).put("predicted_tokens", row.quality().tokens()).put("depth", options.depth());
            json.put("decode_ms", row.decodeMillis()).put("prefill_tokens_per_second", row.prefillTokensPerSecond());
            System.out.println(json);
            return;
        }
        System.out.printf(Locale.ROOT, "| %s | %d | %d | %.4f | %.1e | %d of %d | %.1f | %.0f |%n", row.element(), row.tokenBytes(),
            GIBI / row.tokenBytes(), row.quality().perplexity(), row.quality().divergence(), row.quality().flips(), row.quality().tokens(),
            row.decodeMillis(), row.prefillTokensPerSecond());
    }

    private static Options parse(final String[] args) {
        Path model = Places.bundledModel();
        int depth = 8192;
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
                case "-d" -> depth = Integer.parseInt(value);
                case "--threads", "-t" -> threads = Integer.parseInt(value);
                case "--kernels" -> kernels = value;
                default -> {
                    return usage("unknown option " + args[i - 1]);
                }
            }
        }
        return new Options(model, depth, threads, kernels, json);
    }

    private static Options usage(final String problem) {
        System.err.println("spillway: bench kv: " + problem + "; usage: [--model M] [-d DEPTH] [--threads T] [--kernels K] [--json]");
        return null;
    }
}
