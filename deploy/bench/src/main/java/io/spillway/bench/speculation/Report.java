package io.spillway.bench.speculation;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.node.speculation.SpeculationCounts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The table of a run, medians over its rounds; beside it what rows cost, which is the limit of what guesses can give. */
final class Report {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final SpeculationBench.Options options;
    private final Map<String, List<ModeRun>> runs = new LinkedHashMap<>();
    private ModeRun first;

    Report(final SpeculationBench.Options options) {
        this.options = options;
    }

    void add(final ModeRun run) {
        first = first == null ? run : first;
        runs.computeIfAbsent(run.mode(), mode -> new ArrayList<>()).add(run);
    }

    /** @param stepCosts pairs of rows and nanoseconds */
    void print(final long[][] stepCosts) {
        if (options.json()) {
            runs.keySet().forEach(mode -> System.out.println(row(mode)));
            System.out.println(costs(stepCosts));
            return;
        }
        System.out.printf(Locale.ROOT, "%s, draft %s, %d episodes, %d at a time, temperature %.1f, %d rounds, %d threads, kernels %s, clock %s%n",
            options.model().getFileName(), options.draft().map(path -> path.getFileName().toString()).orElse("none"),
            first.outputs().size(), options.concurrency(), options.temperature(), options.rounds(), options.threads(), options.kernels(),
            options.isCpuClock() ? "cpu" : "wall");
        System.out.println("| mode | decode tokens/s | speed-up | whole run s | speed-up | cpu s | tokens per decode row | proposed | accepted | identical |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|");
        for (final String mode : runs.keySet()) {
            System.out.printf(Locale.ROOT, "| %s | %.1f | %.2f | %.2f | %.2f | %.2f | %.2f | %d | %.0f %% | %s |%n", mode,
                median(mode, ModeRun::decodeTokensPerSecond),
                median(mode, ModeRun::decodeTokensPerSecond) / median(first.mode(), ModeRun::decodeTokensPerSecond),
                median(mode, run -> run.wallNanos() / 1e9),
                median(first.mode(), ModeRun::wallNanos) / median(mode, ModeRun::wallNanos),
                median(mode, run -> run.cpuNanos() / 1e9), median(mode, ModeRun::tokensPerDecode), (long) median(mode, ModeRun::proposed), 100 * acceptance(mode),
                identical(mode) ? "yes" : "NO");
        }
        System.out.print("cost of a step by rows, times that of one row:");
        for (final long[] cost : stepCosts) {
            System.out.printf(Locale.ROOT, " %d: %.2f", cost[0], (double) cost[1] / stepCosts[0][1]);
        }
        System.out.printf(Locale.ROOT, " (one row: %.3f ms)%n", stepCosts[0][1] / 1e6);
    }

    private ObjectNode row(final String mode) {
        final ObjectNode row = MAPPER.createObjectNode();
        row.put("bench", "speculation").put("mode", mode).put("model", options.model().toString());
        row.put("draft", options.draft().map(Object::toString).orElse(null)).put("max_tokens", options.tokensMax());
        row.put("episodes", first.outputs().size()).put("requests", first.requests()).put("output_tokens", first.outputTokens());
        row.put("concurrency", options.concurrency()).put("temperature", options.temperature()).put("rounds", options.rounds());
        row.put("threads", options.threads()).put("kernels", options.kernels())
            .put("clock", options.isCpuClock() ? "cpu" : "wall");
        row.put("decode_tokens_per_second", median(mode, ModeRun::decodeTokensPerSecond));
        row.put("decode_speed_up",
            median(mode, ModeRun::decodeTokensPerSecond) / median(first.mode(), ModeRun::decodeTokensPerSecond));
        row.put("wall_seconds", median(mode, run -> run.wallNanos() / 1e9));
        row.put("wall_speed_up", median(first.mode(), ModeRun::wallNanos) / median(mode, ModeRun::wallNanos));
        row.put("cpu_seconds", median(mode, run -> run.cpuNanos() / 1e9));
        row.put("tokens_per_decode_row", median(mode, ModeRun::tokensPerDecode));
        row.put("proposed", (long) median(mode, ModeRun::proposed)).put("acceptance", acceptance(mode));
        row.put("draft_share_of_wall", median(mode, ModeRun::draftShare)).put("identical", identical(mode));
        final ObjectNode proposers = row.putObject("proposers");
        for (final SpeculationCounts.Of of : runs.get(mode).getLast().after().speculation().byProposer()) {
            proposers.putObject(of.proposer()).put("proposed", of.proposed()).put("accepted", of.accepted())
                .put("mean_accepted", of.meanAccepted());
        }
        return row;
    }

    private static ObjectNode costs(final long[][] stepCosts) {
        final ObjectNode row = MAPPER.createObjectNode().put("bench", "speculation-step-cost");
        for (final long[] cost : stepCosts) {
            row.put("nanos_of_" + cost[0] + "_rows", cost[1]);
        }
        return row;
    }

    private boolean identical(final String mode) {
        return runs.get(mode).stream().allMatch(first::sameOutputs);
    }

    private double acceptance(final String mode) {
        final double proposed = median(mode, ModeRun::proposed);
        return proposed == 0 ? 0 : median(mode, ModeRun::accepted) / proposed;
    }

    private double median(final String mode, final ToDoubleFunction<ModeRun> of) {
        final double[] sorted = runs.get(mode).stream().mapToDouble(of).sorted().toArray();
        final int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
