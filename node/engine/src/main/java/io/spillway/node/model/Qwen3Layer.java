package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Qwen 3: like llama's, with every query and key head normalised before it is rotated. */
final class Qwen3Layer {
    private Qwen3Layer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.preNorm(weights, layer, AttentionSpec.withHeadNorms(weights, layer), DenseSpec.of(weights, layer, GatedUnit.SWIGLU));
    }
}
