package io.spillway.bench.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The engine against llama.cpp on the same file: both take turns, one process each, for some rounds, so that what else the
 * machine does meets both. A ratio is the median over the rounds of the ratio within a round.
 *
 * <p>Flash attention on, f16 keys and values, same threads. llama.cpp's programs are given, never brought.
 */
public final class LlamaBench {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int BATCH_PROMPT_TOKENS = 128;
    private static final int BATCH_GENERATED_TOKENS = 64;

    private LlamaBench() {
    }

    /** What to compare; tests are lists as llama-bench takes them. */
    private record Options(Path llamaBench, Path llamaBatchedBench, Path model, Map<String, String> tests, List<String> kernels, int rounds, int threads) {
    }

    /** Test name to tokens per second, of one process. */
    private record Speeds(Map<String, Double> byTest, double readBytesPerSecond, double flopsPerSecond) {
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) throws Exception {
        final Options options = parse(args);
        if (options == null) {
            System.err.println("spillway: usage: bench llama --model M --llama-bench FILE [--llama-batched-bench FILE] [--rounds R] "
                + "[--kernels vector,native] [-p N] [-n N] [-d DEPTH,…] [-b BATCH,…] [-r REPETITIONS] [--threads T]");
            System.exit(2);
            return;
        }
        final List<Speeds> peer = new ArrayList<>();
        final Map<String, List<Speeds>> ours = new LinkedHashMap<>();
        options.kernels().forEach(kernels -> ours.put(kernels, new ArrayList<>()));
        for (int round = 1; round <= options.rounds(); round++) {
            peer.add(llama(options));
            for (final String kernels : options.kernels()) {
                ours.get(kernels).add(spillway(options, kernels));
            }
            tell(round, peer.getLast(), ours);
        }
        print(options, peer, ours);
    }

    /** What memory gave in each round tells how far its figures are the machine's. */
    private static void tell(final int round, final Speeds peer, final Map<String, List<Speeds>> ours) {
        ours.forEach((kernels, speeds) -> {
            final Speeds last = speeds.getLast();
            final StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "round %d, %s, memory read %.1f GB/s:", round, kernels,
                last.readBytesPerSecond() / 1e9));
            peer.byTest().forEach((test, speed) -> line.append(String.format(Locale.ROOT, " %s %.1f / %.1f = %.2fx;", test,
                last.byTest().getOrDefault(test, Double.NaN), speed, last.byTest().getOrDefault(test, Double.NaN) / speed)));
            System.err.println(line);
        });
    }

    private static Speeds llama(final Options options) throws Exception {
        final Map<String, Double> byTest = new LinkedHashMap<>();
        final Map<String, String> tests = options.tests();
        final String threads = Integer.toString(options.threads());
        for (final JsonNode row : run(List.of(options.llamaBench().toString(), "-m", options.model().toString(), "-t", threads, "-fa", "1",
                "-p", tests.get("-p"), "-n", tests.get("-n"), "-d", tests.get("-d"), "-r", tests.get("-r"), "-o", "jsonl"))) {
            byTest.put(new EngineBench.Test(row.path("n_prompt").asInt(), row.path("n_gen").asInt(), row.path("n_depth").asInt(), 1).name(),
                median(row.path("samples_ts")));
        }
        if (options.llamaBatchedBench() != null) {
            for (final JsonNode row : run(List.of(options.llamaBatchedBench().toString(), "-m", options.model().toString(), "-t", threads, "-tb", threads,
                    "-fa", "on", "-c", "8192", "-npp", Integer.toString(BATCH_PROMPT_TOKENS), "-ntg", Integer.toString(BATCH_GENERATED_TOKENS),
                    "-npl", tests.get("-b"), "--output-format", "jsonl"))) {
                byTest.put(batchName(row.path("pl").asInt()), row.path("speed_tg").asDouble());
            }
        }
        return new Speeds(byTest, 0, 0);
    }

    private static Speeds spillway(final Options options, final String kernels) throws Exception {
        final Map<String, Double> byTest = new LinkedHashMap<>();
        final Map<String, String> tests = options.tests();
        final List<JsonNode> rows = new ArrayList<>(self(options, kernels, tests.get("-p"), tests.get("-n"), tests.get("-d"), "1"));
        if (options.llamaBatchedBench() != null) {
            rows.addAll(self(options, kernels, "0", Integer.toString(BATCH_GENERATED_TOKENS), Integer.toString(BATCH_PROMPT_TOKENS), tests.get("-b")));
        }
        for (final JsonNode row : rows) {
            byTest.put(row.path("n_depth").asInt() == BATCH_PROMPT_TOKENS ? batchName(row.path("batch").asInt()) : row.path("test").asText(),
                row.path("median_ts").asDouble());
        }
        return new Speeds(byTest, rows.getFirst().path("limit_bytes_per_second").asDouble(), rows.getFirst().path("limit_flops_per_second").asDouble());
    }

    private static String batchName(final int batch) {
        return "batch " + batch + " (tg" + BATCH_GENERATED_TOKENS + " @ d" + BATCH_PROMPT_TOKENS + ")";
    }

    /** Runs the engine's benchmark in a JVM of its own, with this one's flags. */
    private static List<JsonNode> self(final Options options, final String kernels, final String prompts, final String generations,
            final String depths, final String batches) throws Exception {
        final List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), EngineBench.class.getName(), "--json", "-m", options.model().toString(),
            "-t", Integer.toString(options.threads()), "--kernels", kernels, "-p", prompts, "-n", generations, "-d", depths, "-b", batches,
            "-r", options.tests().get("-r")));
        return run(command);
    }

    private static List<JsonNode> run(final List<String> command) throws IOException, InterruptedException {
        final Path errors = Files.createTempFile("spillway-bench", ".log");
        final Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        final List<JsonNode> rows = new ArrayList<>();
        for (final String line : new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
            if (line.startsWith("{")) {
                rows.add(MAPPER.readTree(line));
            }
        }
        if (process.waitFor() != 0 || rows.isEmpty()) {
            throw new IOException(command.getFirst() + " ended with status " + process.exitValue() + "; what it said is in " + errors);
        }
        Files.delete(errors);
        return rows;
    }

    private static double median(final JsonNode samples) {
        final double[] values = new double[samples.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = samples.get(i).asDouble();
        }
        return Statistics.median(values);
    }

    private static void print(final Options options, final List<Speeds> peer, final Map<String, List<Speeds>> ours) {
        final List<Speeds> first = ours.values().iterator().next();
        System.out.printf(Locale.ROOT, "%s, %d threads, %d rounds; limits (median): memory read %.1f GB/s, fp32 %.0f GFLOP/s%n",
            options.model().getFileName(), options.threads(), options.rounds(),
            Statistics.median(first.stream().mapToDouble(Speeds::readBytesPerSecond).toArray()) / 1e9,
            Statistics.median(first.stream().mapToDouble(Speeds::flopsPerSecond).toArray()) / 1e9);
        System.out.println("| test | llama.cpp t/s |" + ours.keySet().stream().map(k -> " " + k + " t/s | ratio | range |").reduce("", String::concat));
        System.out.println("|---|---|" + "---|---|---|".repeat(ours.size()));
        for (final String test : peer.getFirst().byTest().keySet()) {
            final StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "| %s | %.1f |", test, across(peer, test)));
            ours.forEach((kernels, speeds) -> {
                final double[] ratios = new double[peer.size()];
                for (int round = 0; round < ratios.length; round++) {
                    ratios[round] = speeds.get(round).byTest().getOrDefault(test, Double.NaN) / peer.get(round).byTest().get(test);
                }
                line.append(String.format(Locale.ROOT, " %.1f | **%.2fx** | %.2f–%.2f |", across(speeds, test), Statistics.median(ratios),
                    java.util.Arrays.stream(ratios).min().orElseThrow(), java.util.Arrays.stream(ratios).max().orElseThrow()));
            });
            System.out.println(line);
        }
    }

    private static double across(final List<Speeds> rounds, final String test) {
        return Statistics.median(rounds.stream().mapToDouble(speeds -> speeds.byTest().getOrDefault(test, Double.NaN)).toArray());
    }

    private static Options parse(final String[] args) {
        final Map<String, String> values = new LinkedHashMap<>(Map.of("-p", "512", "-n", "128", "-d", "0", "-b", "1,4,8,16", "-r", "3",
            "--rounds", "3", "--kernels", "vector,native", "--threads", Integer.toString(Runtime.getRuntime().availableProcessors())));
        for (int i = 0; i + 1 < args.length; i += 2) {
            values.put(args[i], args[i + 1]);
        }
        if (args.length % 2 != 0 || !values.containsKey("--model") || !values.containsKey("--llama-bench")) {
            return null;
        }
        final String batched = values.get("--llama-batched-bench");
        return new Options(Path.of(values.get("--llama-bench")), batched == null ? null : Path.of(batched), Path.of(values.get("--model")), values,
            List.of(values.get("--kernels").split(",")), Integer.parseInt(values.get("--rounds")), Integer.parseInt(values.get("--threads")));
    }
}
