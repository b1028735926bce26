package io.spillway.local.cluster;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a local cluster serves its model, where the person who started it said so; what is empty is left to the servers' defaults.
 *
 * @param kernels     kernels of the nodes, and where their weights are kept
 * @param kv          element of the KV cache, as the nodes' configuration names it
 * @param speculation mode of speculative decoding, as the nodes' configuration names it
 * @param draft       draft model: GGUF file or Hugging Face directory
 * @param guardrails  policy file for the model's tool calls
 */
public record Serving(
    Kernels kernels, Optional<String> kv, Optional<String> speculation, Optional<Path> draft, Optional<Path> guardrails) {
    /** Nothing said. */
    public static final Serving DEFAULT = new Serving(new Kernels(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()), Optional.empty(), Optional.empty(),
        Optional.empty(), Optional.empty());

    /**
     * What computes, and from which weights.
     *
     * @param set         kernel set of the nodes, as their configuration names it
     * @param weightCache where packed weights are kept, as the nodes' configuration names it
     * @param ranks       that compute the model together in each node
     * @param backend     where the model computes, as the nodes' configuration names it
     */
    public record Kernels(Optional<String> set, Optional<String> weightCache, Optional<Integer> ranks, Optional<String> backend) {
        public Kernels {
            requireNonNull(set, "set");
            requireNonNull(weightCache, "weightCache");
            requireNonNull(ranks, "ranks");
            requireNonNull(backend, "backend");
        }
    }

    public Serving {
        requireNonNull(kernels, "kernels");
        requireNonNull(kv, "kv");
        requireNonNull(speculation, "speculation");
        draft = draft.map(path -> path.toAbsolutePath().normalize());
        guardrails = guardrails.map(path -> path.toAbsolutePath().normalize());
    }

    /** @return options of {@code up} that say the same */
    public List<String> arguments() {
        final List<String> arguments = new ArrayList<>();
        add(arguments, "--backend", kernels.backend());
        add(arguments, "--kernels", kernels.set());
        add(arguments, "--weight-cache", kernels.weightCache());
        add(arguments, "--tensor-parallel", kernels.ranks());
        add(arguments, "--kv", kv);
        add(arguments, "--speculation", speculation);
        add(arguments, "--draft", draft);
        add(arguments, "--guardrails", guardrails);
        return arguments;
    }

    private static void add(final List<String> arguments, final String option, final Optional<?> value) {
        value.ifPresent(present -> arguments.addAll(List.of(option, present.toString())));
    }
}
