package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Gemma 2: scores and logits are capped softly; every other layer sees a window. */
final class Gemma2Layer {
    private Gemma2Layer() {
    }

    static DecoderLayer of(final WeightLoader weights, final int layer) {
        return GemmaLayer.of(weights, layer, AttentionWeights.of(weights, layer));
    }
}
