package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;

/** Qwen 2 and 2.5: like llama's, with biases on queries, keys and values. */
final class Qwen2Layer {
    private Qwen2Layer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LlamaLayer.of(weights, layer); // the biases are found in the file
    }
}
