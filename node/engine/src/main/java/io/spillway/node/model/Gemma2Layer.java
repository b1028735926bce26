package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Gemma 2: scores and logits are capped softly; every other layer sees a window. */
final class Gemma2Layer {
    private Gemma2Layer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.gemma(weights, layer, AttentionSpec.of(weights, layer));
    }
}
