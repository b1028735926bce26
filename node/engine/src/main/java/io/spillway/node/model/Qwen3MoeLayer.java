package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/** Qwen 3 with experts: attention as in Qwen 3; of many small SwiGLU experts the most probable few, their weights made to sum to one. */
final class Qwen3MoeLayer {
    private Qwen3MoeLayer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.preNorm(weights, layer, AttentionSpec.withHeadNorms(weights, layer),
                ExpertsSpec.of(weights, layer, WeightName.ROUTER,
                        new ExpertsSpec.Names(WeightName.EXPERT_GATE, WeightName.EXPERT_UP, WeightName.EXPERT_DOWN)));
    }
}
