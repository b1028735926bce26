package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Llama 1 to 3, and mistral: pre-norm, grouped-query attention (mistral's within a window), SwiGLU. */
final class LlamaLayer {
    private LlamaLayer() {
    }

    static DecoderLayer of(final WeightLoader weights, final int layer) {
        return PreNormLayer.of(weights, layer,
                SelfAttention.of(weights.shape(), layer, AttentionWeights.of(weights, layer)),
                FeedForward.of(weights, layer, GatedUnit.SWIGLU));
    }
}
