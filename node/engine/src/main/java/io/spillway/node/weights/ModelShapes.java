package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ClampedSwiGlu;

/** Reads a {@link ModelShape} and refuses what the arithmetic here would get silently wrong. */
public final class ModelShapes {
    private static final float EPSILON_DEFAULT = 1e-5f;
    private static final float LOGIT_SOFTCAP_GEMMA2 = 30;
    private static final int CONTEXT_TOKENS_DEFAULT = 2048;
    private static final int EXPERTS_MAX = 4096;

    private final ModelSource source;
    private final Metadata metadata;
    private final Architecture architecture;

    private ModelShapes(final ModelSource source) {
        this.source = source;
        metadata = new Metadata(source);
        architecture = Architecture.of(source, metadata);
    }

    /** @throws SpillwayException INVALID_MODEL_FILE naming the metadata that is missing, impossible or unsupported */
    public static ModelShape read(final ModelSource source) {
        return read(source, 0);
    }

    /**
     * @param contextTokens most positions, instead of the file's; 0: the file's. LongRoPE has other frequencies for a longer context
     * @throws SpillwayException INVALID_MODEL_FILE naming the metadata that is missing, impossible or unsupported
     */
    public static ModelShape read(final ModelSource source, final int contextTokens) {
        return new ModelShapes(source).shape(contextTokens);
    }

    private ModelShape shape(final int contextTokensTold) {
        refuseOtherActivations();
        final int layers = metadata.positive("block_count", "num_hidden_layers");
        final int tensors = source.tensors().size();
        if (layers > tensors) { // before anything is made per layer: a few bytes must not ask for gigabytes
            throw InvalidModel.because(source, layers + " layers cannot be made of " + tensors + " tensors");
        }
        final int hidden = metadata.positive("embedding_length", "hidden_size");
        final int trained = metadata.positive("context_length", "max_position_embeddings", CONTEXT_TOKENS_DEFAULT);
        final int contextTokens = contextTokensTold > 0 ? contextTokensTold : trained;
        final ModelShape.Experts experts = experts();
        final int feedForward = experts.count() > 0 ? experts.feedForward() : metadata.positive("feed_forward_length", "intermediate_size");
        return new ModelShape(architecture, layers, hidden, feedForward,
                new AttentionReader(source, metadata, architecture).read(layers, hidden, contextTokens), experts, contextTokens,
                (float) metadata.real("attention.layer_norm_rms_epsilon", "rms_norm_eps").orElse(EPSILON_DEFAULT), scaling(hidden));
    }

    private ModelShape.Experts experts() {
        final String countKey = architecture == Architecture.QWEN3_MOE ? "num_experts" : "num_local_experts";
        final String widthKey = architecture == Architecture.QWEN3_MOE ? "moe_intermediate_size" : "intermediate_size";
        return switch (architecture) {
            case MIXTRAL -> experts(countKey, "feed_forward_length", widthKey, true);
            case GPT_OSS -> experts(countKey, "expert_feed_forward_length", widthKey, false);
            case QWEN3_MOE -> experts(countKey, "expert_feed_forward_length", widthKey,
                    metadata.config().map(c -> c.bool("norm_topk_prob").orElse(false)).orElse(true));
            default -> ModelShape.Experts.NONE;
        };
    }

    private ModelShape.Experts experts(final String countKey, final String ggufWidthKey, final String widthKey, final boolean normalised) {
        final int count = metadata.positive("expert_count", countKey);
        final int chosen = metadata.positive("expert_used_count", "num_experts_per_tok");
        if (count > EXPERTS_MAX || chosen > count) {
            throw InvalidModel.because(source, chosen + " of " + count + " experts cannot be chosen");
        }
        return new ModelShape.Experts(count, chosen, metadata.positive(ggufWidthKey, widthKey), normalised);
    }

    private ModelShape.Scaling scaling(final int hidden) {
        if (architecture != Architecture.GEMMA2 && architecture != Architecture.GEMMA3) {
            return ModelShape.Scaling.NONE;
        }
        final double softcap = metadata.real("final_logit_softcapping", "final_logit_softcapping")
                .orElse(architecture == Architecture.GEMMA2 ? LOGIT_SOFTCAP_GEMMA2 : 0);
        if (!(softcap >= 0)) {
            throw InvalidModel.because(source, "its logit softcap is " + softcap);
        }
        return new ModelShape.Scaling((float) Math.sqrt(hidden), (float) softcap);
    }

    private void refuseOtherActivations() {
        final double limit = metadata.config().map(c -> c.real("swiglu_limit").orElse(ClampedSwiGlu.LIMIT)).orElse((double) ClampedSwiGlu.LIMIT);
        if (limit != ClampedSwiGlu.LIMIT) {
            throw InvalidModel.because(source, "swiglu_limit " + limit + " is not supported; " + ClampedSwiGlu.LIMIT + " is");
        }
        final String activation = metadata.string("feed_forward_activation", "hidden_activation")
                .or(() -> metadata.config().flatMap(c -> c.string("hidden_act"))).orElse(architecture.activation());
        final boolean same = activation.equals(architecture.activation()) || activation.equals("swish") && architecture.activation().equals("silu");
        if (!same) {
            throw InvalidModel.because(source, "activation '" + activation + "' is not supported here; " + architecture.activation() + " is");
        }
    }
}
