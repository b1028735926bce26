package io.spillway.bench.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Locale;

/** Prints rows: a table for people, or one JSON object a line with llama-bench's field names and ours. */
final class Report {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final double GIGA = 1e9;

    private final EngineRig rig;
    private final MachineLimits limits;
    private final boolean json;

    Report(final EngineRig rig, final MachineLimits limits, final boolean json) {
        this.rig = rig;
        this.limits = limits;
        this.json = json;
    }

    void begin() {
        if (json) {
            return;
        }
        System.out.println(rig.backendDescription());
        System.out.printf(Locale.ROOT, "limits now, %d threads: memory read %.1f GB/s, fp32 %.0f GFLOP/s%n", rig.setup().threads(),
            limits.readBytesPerSecond() / GIGA, limits.flopsPerSecond() / GIGA);
        System.out.println("| model | size MB | kernels | threads | kv | test | t/s median | ± | GB/s | of read | GFLOP/s | of fp32 |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|---|");
    }

    void row(final EngineBench.Test test, final long[] nanos) {
        final double[] perSecond = Arrays.stream(nanos).mapToDouble(n -> test.tokens() * GIGA / n).toArray();
        final double median = Statistics.median(perSecond);
        final double bytes = bytesPerSecond(test, median);
        final double flops = 2.0 * rig.matrixParameters() * median;
        if (json) {
            printJson(test, nanos, perSecond, bytes, flops);
            return;
        }
        System.out.printf(Locale.ROOT, "| %s | %d | %s | %d | %s | %s | %.2f | %.2f | %.1f | %.0f %% | %.0f | %.0f %% |%n",
            rig.path().getFileName(), rig.weightBytes() / 1_000_000, rig.setup().kernels(), rig.setup().threads(), rig.setup().kv(),
            test.name(), median, Statistics.deviation(perSecond), bytes / GIGA, 100 * bytes / limits.readBytesPerSecond(),
            flops / GIGA, 100 * flops / limits.flopsPerSecond());
    }

    /** Weights once a step, and the keys and values that each row meets. Prefill is not bound by bytes: its rows show weights only. */
    private double bytesPerSecond(final EngineBench.Test test, final double tokensPerSecond) {
        if (test.prompt() > 0) {
            return rig.weightBytes() * tokensPerSecond / test.prompt();
        }
        final double perStep = rig.weightBytes() + (double) rig.kvBytes(test.depth() + test.generated() / 2) * test.batch();
        return perStep * tokensPerSecond / test.batch();
    }

    private void printJson(final EngineBench.Test test, final long[] nanos, final double[] perSecond, final double bytes,
            final double flops) {
        final ObjectNode row = MAPPER.createObjectNode();
        row.put("engine", "spillway").put("kernels", rig.setup().kernels()).put("backend", rig.backendDescription());
        row.put("model_filename", rig.path().toString()).put("model_size", rig.weightBytes()).put("model_n_params", rig.parameters());
        row.put("n_threads", rig.setup().threads()).put("kv", rig.setup().kv().name());
        row.put("n_prompt", test.prompt()).put("n_gen", test.generated()).put("n_depth", test.depth()).put("batch", test.batch());
        row.put("test", test.name());
        row.put("avg_ns", (long) Arrays.stream(nanos).average().orElse(0));
        row.put("avg_ts", Statistics.mean(perSecond)).put("stddev_ts", Statistics.deviation(perSecond)).put("median_ts", Statistics.median(perSecond));
        row.putPOJO("samples_ns", nanos).putPOJO("samples_ts", perSecond);
        row.put("bytes_per_second", bytes).put("flops_per_second", flops);
        row.put("limit_bytes_per_second", limits.readBytesPerSecond()).put("limit_flops_per_second", limits.flopsPerSecond());
        System.out.println(row);
    }
}
