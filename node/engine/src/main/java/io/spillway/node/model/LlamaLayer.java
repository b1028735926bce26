package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Llama 1 to 3, and mistral: pre-norm, grouped-query attention (mistral's within a window), SwiGLU. */
final class LlamaLayer {
    private LlamaLayer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.preNorm(weights, layer, AttentionSpec.of(weights, layer), DenseSpec.of(weights, layer, GatedUnit.SWIGLU));
    }
}
