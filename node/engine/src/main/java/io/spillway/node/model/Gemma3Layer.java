package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Gemma 3: query and key heads are normalised instead of capped; five of six layers see a window and turn faster. */
final class Gemma3Layer {
    private Gemma3Layer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.gemma(weights, layer, AttentionSpec.withHeadNorms(weights, layer));
    }
}
