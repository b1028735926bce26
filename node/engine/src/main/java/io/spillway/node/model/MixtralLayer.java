package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/** Mixtral: attention as in llama; of a few large SwiGLU experts the two most probable, their weights made to sum to one. */
final class MixtralLayer {
    private MixtralLayer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        return LayerSpec.preNorm(weights, layer, AttentionSpec.of(weights, layer),
                ExpertsSpec.of(weights, layer, WeightName.MIXTRAL_ROUTER, new ExpertsSpec.Names(
                        WeightName.MIXTRAL_EXPERT_GATE, WeightName.MIXTRAL_EXPERT_UP, WeightName.MIXTRAL_EXPERT_DOWN)));
    }
}
