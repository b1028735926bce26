package io.spillway.local.command;

import io.spillway.domain.kv.KvElement;
import io.spillway.local.plan.GpuCatalog;
import io.spillway.local.plan.ModelFiles;
import io.spillway.local.plan.Plan;
import io.spillway.local.plan.PlanJson;
import io.spillway.local.plan.PlanText;
import io.spillway.local.plan.PlannedModel;
import io.spillway.local.plan.Planner;
import io.spillway.local.plan.WeightType;
import io.spillway.local.plan.Workload;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Predicts which GPUs a model needs. Status 1 when none of those that were asked for holds it. */
@Command(name = "plan", description = "Predict what a model needs of GPUs: memory, speed by roofline, price. Nothing is measured.")
public final class PlanCommand implements Callable<Integer> {
    private static final int OUTPUT_TOKENS = 512;

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Option(names = "--model", required = true, paramLabel = "PATH", description = "a GGUF file, a Hugging Face directory, or a config.json alone")
    private Path model;
    @Option(names = "--context", required = true, paramLabel = "N", description = "longest context of an agent in tokens, its output included")
    private int contextTokens;
    @Option(names = "--concurrency", required = true, paramLabel = "N", description = "agents that are decoded at once")
    private int concurrency;
    @Option(names = "--output", paramLabel = "N", description = "tokens of one run's output (default: 512, or half of a shorter context)")
    private Integer outputTokens;
    @Option(names = "--prompt-cached", paramLabel = "SHARE", defaultValue = "0", description = "share of the prompt that is cached, 0 to 1 (default: 0)")
    private double cachedShare;
    @Option(names = "--kv", paramLabel = "ELEMENT", defaultValue = "F16", description = "how keys and values are kept: F32, F16, BF16, F8, I8 or I4 (default: F16)")
    private KvElement kv;
    @Option(names = "--block-tokens", paramLabel = "N", defaultValue = "64", description = "tokens of a block of the cache (default: 64)")
    private int blockTokens;
    @Option(names = "--weights", paramLabel = "TYPE", defaultValue = WeightType.STORED,
        description = "stored, f32, f16, bf16, fp8, q8_0, q6_k, q5_k, q5_0, q4_k, q4_0, q3_k, q2_k or mxfp4 (default: stored)")
    private String weights;
    @Option(names = "--gpu", paramLabel = "TYPE", split = ",", description = "types to choose from (default: all of the file of prices)")
    private List<String> gpus = List.of();
    @Option(names = "--prices", paramLabel = "FILE", description = "YAML or JSON with types, prices and assumptions (default: the bundled one)")
    private Path prices;
    @Option(names = "--json", description = "print one line of JSON")
    private boolean json;

    @Override
    public Integer call() {
        final int output = outputTokens == null ? Math.clamp(contextTokens / 2, 1, OUTPUT_TOKENS) : outputTokens;
        final Workload load = new Workload(contextTokens, concurrency, output, cachedShare, new Workload.Cache(kv, blockTokens));
        final GpuCatalog catalog = (prices == null ? GpuCatalog.bundled() : GpuCatalog.load(prices)).only(gpus);
        final PlannedModel planned = ModelFiles.read(model);
        final Plan plan = Planner.plan(planned, WeightType.of(planned, weights), load, catalog);
        spec.commandLine().getOut().println(json ? PlanJson.of(plan) : PlanText.of(plan));
        spec.commandLine().getOut().flush();
        if (plan.choices().isEmpty()) {
            spec.commandLine().getErr().println("spillway: no configuration of these GPUs holds one context of this model");
            return ExitCode.SOFTWARE;
        }
        return ExitCode.OK;
    }
}
