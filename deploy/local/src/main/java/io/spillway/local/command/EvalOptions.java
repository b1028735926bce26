package io.spillway.local.command;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.local.cluster.ModelCheck;
import io.spillway.local.eval.EvalInput;
import io.spillway.local.eval.KernelSet;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What every kind of {@code eval} is told: model, input, kernels. */
final class EvalOptions {
    @Option(names = "--model", required = true, paramLabel = "PATH", description = "GGUF file or Hugging Face directory")
    private Path model;
    @ArgGroup(multiplicity = "1")
    private Input input;
    @Option(names = "--kernels", paramLabel = "SET", defaultValue = "AUTO", description = "auto, vector, native or scalar (default: auto)")
    private KernelSet kernels;
    @Option(names = "--threads", paramLabel = "N", description = "threads that compute (default: one per core)")
    private Integer threads;
    @Option(names = "--kv", paramLabel = "ELEMENT", defaultValue = "F32", description = "how keys and values are kept (default: F32)")
    private KvElement kv;
    @Option(names = "--context", paramLabel = "TOKENS", defaultValue = "0", description = "most positions, instead of the model's own")
    private int contextTokens;

    /** One of the two. */
    static final class Input {
        @Option(names = "--tokens", paramLabel = "FILE", description = "token ids: a JSON array, or separated by white space or commas")
        private Path tokens;
        @Option(names = "--text", paramLabel = "FILE", description = "a text, for the model's tokenizer")
        private Path text;
    }

    /** What is done with a loaded model. */
    @FunctionalInterface
    interface Body {
        void run(LanguageModel model, EvalInput.Tokens tokens, ModelSource source, ComputeBackend backend);
    }

    /** Loads the model, runs, and frees everything. */
    void run(final Body body) {
        final int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (count < 1) {
            throw SpillwayException.ofField(ErrorCode.BELOW_MINIMUM, "threads", "--threads must be at least 1, got " + count);
        }
        ModelCheck.check(model);
        try (ModelSource source = ModelSource.open(model)) {
            final EvalInput.Tokens tokens = input.text == null ? EvalInput.ofIds(input.tokens) : EvalInput.ofText(input.text, source);
            try (ComputeBackend backend = kernels.start(count);
                 LanguageModel loaded = ModelLoader.load(source, backend, ModelLoader.Options.defaults().withContext(contextTokens))) {
                body.run(loaded, tokens, source, backend);
            }
        }
    }

    KvElement kv() {
        return kv;
    }

    Path model() {
        return model;
    }
}
