package io.spillway.node.model;

import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/** Qwen 3 with experts: attention as in Qwen 3; of many small SwiGLU experts the most probable few, their weights made to sum to one. */
final class Qwen3MoeLayer {
    private Qwen3MoeLayer() {
    }

    static DecoderLayer of(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        return PreNormLayer.of(weights, layer,
                SelfAttention.of(shape, layer, AttentionWeights.withHeadNorms(weights, layer)),
                new Experts(ExpertChoice.ofProbabilities(shape.experts()),
                        ExpertWeights.of(weights, layer, WeightName.ROUTER,
                                new ExpertWeights.Names(WeightName.EXPERT_GATE, WeightName.EXPERT_UP, WeightName.EXPERT_DOWN)),
                        GatedUnit.SWIGLU));
    }
}
