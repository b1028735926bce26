package io.spillway.node.server;

import io.spillway.config.Default;
import io.spillway.config.Doc;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.kv.KvElement;
import io.spillway.node.packed.CachePolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Configuration of one node. */
@Doc("One node: an engine on one device, with its own host tier.")
public record NodeConfig(
    @Doc("Name of this node; unique in the cluster.") String id,
    @Doc("gRPC endpoints of all coordinator replicas.") List<Endpoint> coordinators,
    @Doc("Address that gRPC and block transfer listen on, and that others reach them at.") @Default("127.0.0.1") String host,
    @Doc("Port of the gRPC service; 0 takes any free one.") @Default("0") int rpcPort,
    @Doc("UDP port of block transfer; 0 takes any free one.") @Default("0") int transferPort,
    @Doc("Directory for what this node keeps.") Path dataDir,
    Model model,
    Kv kv,
    Engine engine,
    Speculation speculation) {

    public NodeConfig {
        coordinators = List.copyOf(coordinators);
        if (coordinators.isEmpty()) {
            throw new IllegalArgumentException("coordinators must name at least one endpoint");
        }
    }

    /** @return where packed weights are kept between starts */
    CachePolicy cachePolicy() {
        return switch (engine.weightCache()) {
            case OFF -> CachePolicy.off();
            case BESIDE -> CachePolicy.auto();
            case FOLDER -> CachePolicy.in(engine.weightCacheDir().orElseGet(() -> dataDir.resolve("weights")));
        };
    }

    /** What the node serves. */
    @Doc("What the node serves.")
    public record Model(
        @Doc("Name in requests.") String id,
        @Doc("GGUF file or Hugging Face directory.") Path path) {
    }

    /** The KV cache and the tier below it. */
    @Doc("The KV cache and the tier below it. `block-tokens` and `element` are identity config: equal on all nodes of a model.")
    public record Kv(
        @Doc("Tokens of a block; a power of two.") @Default("64") int blockTokens,
        @Doc("Size of the device tier.") @Default("512MiB") long deviceMaxBytes,
        @Doc("Size of the host tier.") @Default("512MiB") long hostMaxBytes,
        @Doc("Longest wait for an answer to a block look-up.") @Default("200ms") Duration lookupTimeout,
        @Doc("Longest wait for blocks to arrive.") @Default("5s") Duration onboardTimeout,
        @Doc("How keys and values are kept, on the device and in every tier: `f32`, `f16`, `bf16`, `f8`, `i8`, `i4`.") @Default("f16") KvElement element) {
    }

    /** The step loop. */
    @Doc("The step loop.")
    public record Engine(
        @Doc("Most tokens computed in one step.") @Default("512") int stepTokens,
        @Doc("Most sequences in one step.") @Default("32") int runningRequests,
        @Doc("Most requests that wait on this node.") @Default("256") int queuedRequests,
        @Doc("Threads for kernels, shared by all nodes of a process; 0 = one per core.") @Default("0") int threads,
        @Doc("Ranks that compute the model together, each with its part of every layer and its share of `threads`; what they add is summed in "
            + "their order. Heads must be divisible so, and blocks of quantised weights stay whole.") @Default("1") int tensorParallel,
        @Doc("Where the model computes: `cpu`; `cuda`, an error where no GPU can be used; `auto` takes a GPU where there is one that can be.")
        @Default("auto") Backend backend,
        @Doc("Kernels of the CPU, for all nodes of a process: `native` (C), `vector` (Java's Vector API), `scalar`; `auto` is native where that is faster.") @Default("auto") KernelSet kernels,
        @Doc("Where weights are kept as kernels read them, for models of 256 MiB and more, so that the next start reads them instead of packing "
            + "them again: `off`; `folder`; `beside` the model, or in the user's cache folder where the model's is read-only.")
        @Default("off") WeightCache weightCache,
        @Doc("With `weight-cache: folder`: that folder; without it `weights` in `data-dir`. Nodes of one machine may share one.")
        Optional<Path> weightCacheDir) {
        /** More would be more threads than any model has heads for. */
        private static final int RANKS_MAX = 64;

        public Engine {
            if (tensorParallel < 1 || tensorParallel > RANKS_MAX) {
                throw new IllegalArgumentException("tensor-parallel must be between 1 and " + RANKS_MAX + ": " + tensorParallel);
            }
        }

        /** Where the model computes. */
        public enum Backend { AUTO, CPU, CUDA }

        /** Where packed weights are kept between starts. */
        public enum WeightCache { OFF, FOLDER, BESIDE }
    }

    /** Guessing ahead. */
    @Doc("Guessing tokens ahead: outputs stay the same, they come sooner.")
    public record Speculation(
        @Doc("Who guesses: `off`, `suffix` (looks up where the text ended like this before), `draft` (a smaller model), `auto` (both; "
            + "without a draft model the same as `suffix`).") @Default("auto") Mode mode,
        @Doc("A smaller model with the same tokenizer: GGUF file or Hugging Face directory.") Optional<Path> draftModel,
        @Doc("Most tokens guessed per request and step, 1 to 64.") @Default("16") int maxTokens,
        @Doc("Size of the draft model's KV cache.") @Default("64MiB") long draftMaxBytes) {
        /** Who guesses. */
        public enum Mode { OFF, SUFFIX, DRAFT, AUTO }
    }
}
