package io.spillway.local.command;

import io.spillway.local.cluster.Serving;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of {@code up} about how the model is served. */
final class ServingOptions {
    @Option(names = "--backend", paramLabel = "WHERE", description = "where the model computes: auto, cpu or cuda")
    private String backend;
    @Option(names = "--kernels", paramLabel = "SET", description = "kernel set of the nodes: auto, vector, native or scalar")
    private String kernels;
    @Option(names = "--weight-cache", paramLabel = "WHERE",
        description = "where weights of 256 MiB and more are kept as kernels read them: off (default), folder (in --data), or beside the model")
    private String weightCache;
    @Option(names = "--tensor-parallel", paramLabel = "N", description = "ranks that compute the model together in each node (default 1)")
    private Integer ranks;
    @Option(names = "--kv", paramLabel = "ELEMENT", description = "how keys and values are kept: F32, F16, BF16, F8, I8 or I4")
    private String kv;
    @Option(names = "--speculation", paramLabel = "MODE", description = "speculative decoding: off, suffix, draft or auto")
    private String speculation;
    @Option(names = "--draft", paramLabel = "PATH", description = "draft model for speculative decoding, or none")
    private String draft;
    @Option(names = "--guardrails", paramLabel = "FILE", description = "policy for the model's tool calls (JSON)")
    private Path guardrails;

    Serving serving() {
        return new Serving(new Serving.Kernels(Optional.ofNullable(kernels), Optional.ofNullable(weightCache), Optional.ofNullable(ranks), Optional.ofNullable(backend)),
            Optional.ofNullable(kv), Optional.ofNullable(speculation), Optional.ofNullable(draft).filter(path -> !path.equals("none")).map(Path::of),
            Optional.ofNullable(guardrails));
    }
}
