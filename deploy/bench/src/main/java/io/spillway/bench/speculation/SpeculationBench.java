package io.spillway.bench.speculation;

import io.spillway.domain.kv.KvElement;
import io.spillway.local.command.Places;
import io.spillway.local.demo.Episode;
import io.spillway.local.demo.EpisodeFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What guessing ahead is worth to an agent: the bundled episodes are played against an engine in this process, once per mode and round,
 * the modes taking turns. Every mode begins with an empty cache. Outputs are compared token by token with those of the first mode.
 */
public final class SpeculationBench {
    private SpeculationBench() {
    }

    /**
     * What to measure.
     *
     * @param isCpuClock  whether time is the processor time of the engine's thread, which other programs do not change: with one thread
     * @param temperature 0 = greedy; above, every conversation has a seed of its own, the same in every mode
     */
    record Options(Path model, Optional<Path> draft, Path episodes, int count, List<String> modes, int tokensMax, int concurrency,
            float temperature, int rounds, String kernels, int threads, KvElement kv, boolean isCpuClock, boolean json) {
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) throws Exception {
        final Options options = parse(args);
        if (options == null) {
            System.exit(2);
            return;
        }
        final List<Episode> all = EpisodeFile.read(options.episodes());
        final List<Episode> episodes = all.subList(0, Math.min(options.count(), all.size()));
        final Report report = new Report(options);
        try (Workbench workbench = Workbench.open(options)) {
            final AgentReplay replay = new AgentReplay(workbench.text(), EpisodeFile.tools(options.episodes()), options);
            for (final String mode : options.modes()) {
                run(workbench, mode, replay, all.subList(Math.max(0, all.size() - 4), all.size())); // kernels are compiled
            }
            for (int round = 0; round < options.rounds(); round++) {
                for (final String mode : options.modes()) {
                    report.add(run(workbench, mode, replay, episodes));
                }
            }
            report.print(workbench.stepCosts());
        }
    }

    private static ModeRun run(final Workbench workbench, final String mode, final AgentReplay replay, final List<Episode> episodes)
        throws InterruptedException {
        try (EngineRun engine = workbench.start(mode)) {
            return engine.measure(mode, replay, episodes);
        }
    }

    private static Options parse(final String[] args) {
        final Path brook = Places.bundledModel();
        Path model = brook;
        Optional<Path> draft = Optional.of(brook.resolveSibling("brook-small"));
        Path episodes = brook.resolveSibling("episodes").resolve("episodes.jsonl");
        int count = 40;
        List<String> modes = List.of("off", "suffix", "draft", "auto");
        int tokensMax = 16;
        int concurrency = 1;
        float temperature = 0;
        int rounds = 3;
        String kernels = "auto";
        int threads = Runtime.getRuntime().availableProcessors();
        KvElement kv = KvElement.F16;
        boolean isCpuClock = false;
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
                case "--draft" -> draft = value.equals("none") ? Optional.empty() : Optional.of(Path.of(value));
                case "--episodes" -> episodes = Path.of(value);
                case "--count" -> count = Integer.parseInt(value);
                case "--modes" -> modes = Arrays.asList(value.split(","));
                case "--max-tokens" -> tokensMax = Integer.parseInt(value);
                case "--concurrency" -> concurrency = Integer.parseInt(value);
                case "--temperature" -> temperature = Float.parseFloat(value);
                case "-r" -> rounds = Integer.parseInt(value);
                case "--kernels" -> kernels = value;
                case "--threads", "-t" -> threads = Integer.parseInt(value);
                case "--clock" -> isCpuClock = value.equals("cpu");
                case "--kv" -> kv = KvElement.valueOf(value.toUpperCase(Locale.ROOT));
                default -> {
                    return usage("unknown option " + args[i - 1]);
                }
            }
        }
        final List<String> known = new ArrayList<>(modes);
        known.removeAll(List.of("off", "suffix", "draft", "auto"));
        if (!known.isEmpty()) {
            return usage("unknown mode " + known.getFirst());
        }
        if (isCpuClock && threads != 1) {
            return usage("--clock cpu needs --threads 1");
        }
        return new Options(model, draft, episodes, count, modes, tokensMax, concurrency, temperature, rounds, kernels, threads, kv, isCpuClock, json);
    }

    private static Options usage(final String problem) {
        System.err.println("spillway: bench speculation: " + problem + "; usage: [--model M] [--draft M|none] [--episodes FILE] [--count N] "
            + "[--modes off,suffix,draft,auto] [--max-tokens N] [--concurrency N] [--temperature T] [-r ROUNDS] [--kernels K] [--threads T] "
            + "[--kv ELEMENT] [--clock wall|cpu] [--json]");
        return null;
    }
}
