package io.spillway.node.model;

import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/**
 * gpt-oss: biases everywhere; attention with a sink per head, every other layer within a window; of many experts the best few
 * by score, weighed by a softmax over those few, each a clamped SwiGLU.
 */
final class GptOssLayer {
    private GptOssLayer() {
    }

    static DecoderLayer of(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        final float[] sinks = weights.vector(WeightName.SINKS, layer, shape.attention().heads());
        return new PreNormLayer(weights.norm(WeightName.ATTENTION_NORM, layer, shape.hidden()),
                new SelfAttention(layer, AttentionWeights.of(weights, layer), shape.attention().rule(layer, sinks)),
                weights.norm(WeightName.POST_ATTENTION_NORM, layer, shape.hidden()),
                new Experts(ExpertChoice.ofScores(shape.experts()),
                        ExpertWeights.ofGptOss(weights, layer), GatedUnit.CLAMPED_SWIGLU));
    }
}
