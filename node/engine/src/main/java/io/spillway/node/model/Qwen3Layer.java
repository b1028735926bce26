package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Qwen 3: like llama's, with every query and key head normalised before it is rotated. */
final class Qwen3Layer {
    private Qwen3Layer() {
    }

    static DecoderLayer of(final WeightLoader weights, final int layer) {
        return PreNormLayer.of(weights, layer,
                SelfAttention.of(weights.shape(), layer, AttentionWeights.withHeadNorms(weights, layer)),
                FeedForward.of(weights, layer, GatedUnit.SWIGLU));
    }
}
