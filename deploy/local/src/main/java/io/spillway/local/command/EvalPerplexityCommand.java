package io.spillway.local.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.local.eval.EvalInput;
import io.spillway.local.eval.Perplexity;
import io.spillway.local.eval.Perplexity.Windows;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.model.LanguageModel;
import java.util.Locale;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how well a model predicts a text. */
@Command(name = "perplexity", description = "Measure how well a model predicts a text.")
final class EvalPerplexityCommand implements Runnable {
    private static final double NANOS_PER_SECOND = 1e9;

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private EvalOptions options;
    @Option(names = "--window", paramLabel = "TOKENS", defaultValue = "512", description = "tokens of a window (default: 512)")
    private int windowTokens;
    @Option(names = "--stride", paramLabel = "TOKENS",
        description = "every token is predicted, by windows so far apart (default: windows side by side, the second half of each predicted)")
    private Integer strideTokens;
    @Option(names = "--whole", description = "one window: every token is predicted from all before it")
    private boolean whole;
    @Option(names = "--step", paramLabel = "TOKENS", defaultValue = "256", description = "most tokens computed at once (default: 256)")
    private int stepTokens;
    @Option(names = "--no-begin", description = "do not put the model's begin token at the begin of every window")
    private boolean noBegin;
    @Option(names = "--json", description = "print one line of JSON")
    private boolean json;

    @Override
    public void run() {
        if (stepTokens < 1) {
            throw SpillwayException.ofField(ErrorCode.BELOW_MINIMUM, "step", "--step must be at least 1, got " + stepTokens);
        }
        options.run((model, tokens, source, backend) -> measure(model, tokens, backend, NanoClock.SYSTEM));
    }

    private void measure(final LanguageModel model, final EvalInput.Tokens input, final ComputeBackend backend, final NanoClock clock) {
        final OptionalInt begin = noBegin ? OptionalInt.empty() : input.begin();
        final Windows windows = windows(input.tokens().length);
        final long from = clock.nanoTime();
        final Perplexity.Result result =
            Perplexity.of(model, input.tokens(), new Perplexity.Options(windows, stepTokens, options.kv(), begin));
        final double tokensPerSecond = result.computedTokens() / ((clock.nanoTime() - from) / NANOS_PER_SECOND);
        if (json) {
            final ObjectNode line = new ObjectMapper().createObjectNode();
            line.put("model", options.model().toString()).put("tokens", input.tokens().length).put("window", windows.tokens())
                .put("stride", windows.strideTokens()).put("predicted", result.predictedTokens()).put("nll", result.nll())
                .put("perplexity", result.perplexity()).put("standard_error", result.standardError()).put("kv", options.kv().name())
                .put("kernels", backend.description()).put("tokens_per_second", tokensPerSecond);
            spec.commandLine().getOut().println(line);
        } else {
            spec.commandLine().getOut().printf(Locale.ROOT, "perplexity %.4f ± %.4f (nll %.6f, %d of %d tokens predicted, %.1f tokens/s)%n",
                result.perplexity(), result.standardError(), result.nll(), result.predictedTokens(), input.tokens().length, tokensPerSecond);
        }
        spec.commandLine().getOut().flush();
    }

    private Windows windows(final int tokens) {
        if (whole) {
            return Windows.strided(Math.max(tokens, Windows.TOKENS_MIN), Math.max(tokens, Windows.TOKENS_MIN));
        }
        return strideTokens == null ? Windows.halves(windowTokens) : Windows.strided(windowTokens, strideTokens);
    }
}
