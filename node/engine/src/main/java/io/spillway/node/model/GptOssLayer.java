package io.spillway.node.model;

import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/**
 * gpt-oss: biases everywhere; attention with a sink per head, every other layer within a window; of many experts the best few
 * by score, weighed by a softmax over those few, each a clamped SwiGLU.
 */
final class GptOssLayer {
    private GptOssLayer() {
    }

    static LayerSpec of(final WeightLoader weights, final int layer) {
        final float[] sinks = weights.vector(WeightName.SINKS, layer, weights.shape().attention().heads());
        return LayerSpec.preNorm(weights, layer, AttentionSpec.of(weights, layer).withSinks(sinks), WeightName.POST_ATTENTION_NORM,
                ExpertsSpec.ofGptOss(weights, layer));
    }
}
