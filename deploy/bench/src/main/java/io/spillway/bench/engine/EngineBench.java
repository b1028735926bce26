package io.spillway.bench.engine;

import io.spillway.domain.kv.KvElement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Prefill and decode speed of the engine's model on this machine, without scheduler and sampling, beside the machine's limits
 * measured in the same run. Rows and options follow llama-bench, so that the two can be laid side by side.
 *
 * <p>{@code -p}, {@code -n}, {@code -d} and {@code -b} take lists (512,1024). A prompt test is run at each depth, a generation
 * test at each depth and batch. What the cache holds before a test is random: speed does not depend on it.
 */
public final class EngineBench {
    private EngineBench() {
    }

    /** What to measure. */
    record Options(Path model, int[] prompts, int[] generations, int[] depths, int[] batches, int repetitions, int chunkTokens,
            EngineRig.Setup setup, boolean json) {
    }

    /** One kind of run: {@code prompt} or {@code generated} tokens, the other being 0. */
    record Test(int prompt, int generated, int depth, int batch) {
        String name() {
            final String kind = prompt > 0 ? "pp" + prompt : "tg" + generated;
            return kind + (depth > 0 ? " @ d" + depth : "") + (batch > 1 ? " x" + batch : "");
        }

        /** @return tokens that a repetition computes, of all sequences */
        int tokens() {
            return (prompt + generated) * batch;
        }
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) throws Exception {
        final Options options = parse(args);
        if (options == null) {
            System.exit(2);
            return;
        }
        final List<Test> tests = tests(options);
        final MachineLimits limits = MachineLimits.measure(options.setup().threads());
        try (EngineRig rig = EngineRig.open(options.model(), options.setup(), tests)) {
            final Report report = new Report(rig, limits, options.json());
            report.begin();
            for (final Test test : tests) {
                rig.warmUp(test, options.chunkTokens());
                final long[] nanos = new long[options.repetitions()];
                for (int i = 0; i < nanos.length; i++) {
                    nanos[i] = rig.run(test, options.chunkTokens());
                }
                report.row(test, nanos);
            }
        }
    }

    private static List<Test> tests(final Options options) {
        final List<Test> tests = new ArrayList<>();
        for (final int depth : options.depths()) {
            for (final int prompt : options.prompts()) {
                if (prompt > 0) {
                    tests.add(new Test(prompt, 0, depth, 1));
                }
            }
            for (final int generated : options.generations()) {
                for (final int batch : options.batches()) {
                    if (generated > 0) {
                        tests.add(new Test(0, generated, depth, batch));
                    }
                }
            }
        }
        return tests;
    }

    private static Options parse(final String[] args) {
        Path model = null;
        int[] prompts = {512};
        int[] generations = {128};
        int[] depths = {0};
        int[] batches = {1};
        int repetitions = 5;
        int chunk = 512;
        int threads = Runtime.getRuntime().availableProcessors();
        String kernels = "auto";
        KvElement kv = KvElement.F16;
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
                case "-p" -> prompts = list(value);
                case "-n" -> generations = list(value);
                case "-d" -> depths = list(value);
                case "-b" -> batches = list(value);
                case "-r" -> repetitions = Integer.parseInt(value);
                case "-ub" -> chunk = Integer.parseInt(value);
                case "--threads", "-t" -> threads = Integer.parseInt(value);
                case "--kernels" -> kernels = value;
                case "--kv" -> kv = KvElement.valueOf(value.toUpperCase(Locale.ROOT));
                default -> {
                    return usage("unknown option " + args[i - 1]);
                }
            }
        }
        if (model == null) {
            return usage("--model is missing");
        }
        return new Options(model, prompts, generations, depths, batches, repetitions, chunk,
            new EngineRig.Setup(kernels, threads, kv), json);
    }

    private static Options usage(final String problem) {
        System.err.println("spillway: bench engine: " + problem + "; usage: --model M [-p N,…] [-n N,…] [-d DEPTH,…] [-b BATCH,…] "
            + "[-r REPETITIONS] [-ub CHUNK] [--threads T] [--kernels auto|vector|native|scalar] [--kv ELEMENT] [--json]");
        return null;
    }

    private static int[] list(final String value) {
        return Arrays.stream(value.split(",")).mapToInt(Integer::parseInt).toArray();
    }
}
