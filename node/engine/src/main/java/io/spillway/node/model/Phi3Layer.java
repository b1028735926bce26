package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Phi 3 and 4: like llama's, with queries, keys and values in one matrix, gate and up in another; some rotate a part of each head only. */
final class Phi3Layer {
    private Phi3Layer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.preNorm(weights, layer, AttentionSpec.fused(weights, layer), DenseSpec.fused(weights, layer, GatedUnit.SWIGLU));
    }
}
