package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;

/** Reads a {@link ModelShape} and refuses what the arithmetic here would get silently wrong. */
public final class ModelShapes {
    private static final float EPSILON_DEFAULT = 1e-5f;
    private static final int CONTEXT_TOKENS_DEFAULT = 2048;

    private ModelShapes() {
    }

    /** @throws SpillwayException INVALID_MODEL_FILE naming the metadata that is missing, impossible or unsupported */
    public static ModelShape read(final ModelSource source) {
        final Metadata metadata = new Metadata(source);
        final int hidden = metadata.positive("embedding_length", "hidden_size");
        final ModelShape.Attention attention = attention(source, metadata, hidden);
        refuseVariants(source, metadata, attention);
        return new ModelShape(metadata.architecture(),
                metadata.positive("block_count", "num_hidden_layers"),
                hidden,
                metadata.positive("feed_forward_length", "intermediate_size"),
                attention,
                metadata.positive("context_length", "max_position_embeddings", CONTEXT_TOKENS_DEFAULT),
                (float) metadata.real("attention.layer_norm_rms_epsilon", "rms_norm_eps").orElse(EPSILON_DEFAULT),
                RotaryFrequencies.read(source, metadata, attention.headDim()));
    }

    private static ModelShape.Attention attention(final ModelSource source, final Metadata metadata, final int hidden) {
        final int heads = metadata.positive("attention.head_count", "num_attention_heads");
        final int kvHeads = metadata.positive("attention.head_count_kv", "num_key_value_heads", heads);
        final int headDim = metadata.positive("attention.key_length", "head_dim", Math.max(1, hidden / heads));
        if (heads % kvHeads != 0) {
            throw InvalidModel.because(source, heads + " heads cannot share " + kvHeads + " key-value heads");
        }
        if (headDim % 2 != 0) {
            throw InvalidModel.because(source, "heads of " + headDim + " have no rotary pairs");
        }
        if ((long) heads * headDim > Integer.MAX_VALUE / 64) {
            throw InvalidModel.because(source, heads + " heads of " + headDim + " are no size");
        }
        return new ModelShape.Attention(heads, kvHeads, headDim);
    }

    private static void refuseVariants(final ModelSource source, final Metadata metadata, final ModelShape.Attention attention) {
        final String activation = metadata.string("feed_forward_activation", "hidden_act").orElse("silu");
        if (!activation.equals("silu") && !activation.equals("swish")) {
            throw InvalidModel.because(source, "activation '" + activation + "' is not supported; silu is");
        }
        if (metadata.config().flatMap(c -> c.bool("use_sliding_window")).orElse(false)) {
            throw InvalidModel.because(source, "sliding-window attention is not supported");
        }
        final int rotated = metadata.positive("rope.dimension_count", "rotary_dim", attention.headDim());
        final int valueDim = metadata.positive("attention.value_length", "v_head_dim", attention.headDim());
        if (rotated != attention.headDim() || valueDim != attention.headDim()) {
            throw InvalidModel.because(source, "heads of " + attention.headDim() + " with " + rotated + " rotated dimensions and values of "
                    + valueDim + " are not supported; all three must be equal");
        }
    }
}
