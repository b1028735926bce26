package io.spillway.node.model;

import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/** Mixtral: attention as in llama; of a few large SwiGLU experts the two most probable, their weights made to sum to one. */
final class MixtralLayer {
    private MixtralLayer() {
    }

    static DecoderLayer of(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        return PreNormLayer.of(weights, layer,
                SelfAttention.of(shape, layer, AttentionWeights.of(weights, layer)),
                new Experts(ExpertChoice.ofProbabilities(shape.experts()),
                        ExpertWeights.of(weights, layer, WeightName.MIXTRAL_ROUTER,
                                new ExpertWeights.Names(WeightName.MIXTRAL_EXPERT_GATE, WeightName.MIXTRAL_EXPERT_UP, WeightName.MIXTRAL_EXPERT_DOWN)),
                        GatedUnit.SWIGLU));
    }
}
