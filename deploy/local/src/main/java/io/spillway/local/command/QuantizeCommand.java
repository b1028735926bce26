package io.spillway.local.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.local.cluster.ModelCheck;
import io.spillway.local.eval.EvalInput;
import io.spillway.local.eval.KernelSet;
import io.spillway.local.eval.Perplexity;
import io.spillway.local.quantize.QuantizeReport;
import io.spillway.local.quantize.Quantizer;
import io.spillway.local.quantize.TargetType;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Converts a model to fewer bits, and says what that costs. */
@Command(name = "quantize", description = "Convert a model's weights to fewer bits, and measure what that costs.")
public final class QuantizeCommand implements Runnable {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double BYTES_PER_MIB = 1 << 20;
    private static final int WINDOW_TOKENS = 512;

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Option(names = "--model", required = true, paramLabel = "PATH",
        description = "F32, F16 or BF16 weights: a GGUF file or a Hugging Face directory (for fp8 the directory)")
    private Path model;
    @Option(names = "--out", required = true, paramLabel = "PATH", description = "the file, for fp8 the directory, to write")
    private Path out;
    @Option(names = "--type", required = true, paramLabel = "TYPE", description = "f16, bf16, q8_0, q4_0 or q4_k (a GGUF file), or fp8 (a directory)")
    private TargetType type;
    @Option(names = "--text", paramLabel = "FILE", description = "a text: perplexity before and after is measured on it")
    private Path text;
    @Option(names = "--threads", paramLabel = "N", description = "threads that work (default: one per core)")
    private Integer threads;
    @Option(names = "--json", description = "print one line of JSON")
    private boolean json;

    /** Perplexities before and after. */
    private record Cost(Perplexity.Result before, Perplexity.Result after) { }

    @Override
    public void run() {
        final int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (count < 1) {
            throw SpillwayException.ofField(ErrorCode.BELOW_MINIMUM, "threads", "--threads must be at least 1, got " + count);
        }
        ModelCheck.check(model);
        if (text != null && !Files.isRegularFile(text)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "text", "no file at " + text);
        }
        try (ComputeBackend backend = KernelSet.AUTO.start(count)) {
            final long from = NanoClock.SYSTEM.nanoTime();
            final QuantizeReport report = quantize(backend);
            final double seconds = (NanoClock.SYSTEM.nanoTime() - from) / NANOS_PER_SECOND;
            final Cost cost = text == null ? null : new Cost(perplexity(model, backend), perplexity(out, backend));
            if (json) {
                printJson(report, seconds, cost);
            } else {
                print(report, seconds, cost);
            }
        }
        spec.commandLine().getOut().flush();
    }

    private QuantizeReport quantize(final ComputeBackend backend) {
        try (ModelSource source = ModelSource.open(model)) {
            if (Files.exists(out) && Files.isSameFile(model, out)) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "out", "--out is the model itself");
            }
            return Quantizer.run(source, type, out, backend.workers(), fraction -> { });
        } catch (final java.io.IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot read " + out + ": " + e, e);
        }
    }

    private Perplexity.Result perplexity(final Path path, final ComputeBackend backend) {
        try (ModelSource source = ModelSource.open(path)) {
            final EvalInput.Tokens input = EvalInput.ofText(text, source);
            try (LanguageModel loaded = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
                return Perplexity.of(loaded, input.tokens(), Perplexity.Options.defaults()
                    .with(Perplexity.Windows.strided(WINDOW_TOKENS, WINDOW_TOKENS / 2)).beginningWith(input.begin()));
            }
        }
    }

    private void print(final QuantizeReport report, final double seconds, final Cost cost) {
        final PrintWriter to = spec.commandLine().getOut();
        to.printf(Locale.ROOT, "%s: %.1f MiB to %.1f MiB of weights in %.1f s, tensors %s%n", out, report.beforeBytes() / BYTES_PER_MIB,
            report.afterBytes() / BYTES_PER_MIB, seconds, report.counts());
        report.notes().forEach(note -> to.println("  " + note));
        if (cost != null) {
            to.printf(Locale.ROOT, "perplexity %.4f to %.4f ± %.4f (%+.2f %%, %d tokens predicted)%n", cost.before().perplexity(),
                cost.after().perplexity(), cost.after().standardError(), percent(cost), cost.after().predictedTokens());
        }
    }

    private static double percent(final Cost cost) {
        return 100 * (cost.after().perplexity() / cost.before().perplexity() - 1);
    }

    private void printJson(final QuantizeReport report, final double seconds, final Cost cost) {
        final ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("model", model.toString()).put("out", out.toString()).put("type", type.name()).put("seconds", seconds)
            .put("before_bytes", report.beforeBytes()).put("after_bytes", report.afterBytes());
        final ObjectNode tensors = line.putObject("tensors");
        report.counts().forEach(tensors::put);
        report.notes().forEach(line.putArray("notes")::add);
        if (cost != null) {
            line.put("perplexity_before", cost.before().perplexity()).put("perplexity_after", cost.after().perplexity())
                .put("standard_error", cost.after().standardError()).put("change_percent", percent(cost))
                .put("predicted_tokens", cost.after().predictedTokens());
        }
        spec.commandLine().getOut().println(line);
    }
}
