package io.spillway.node.model;

import io.spillway.node.compute.RmsNorm;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/**
 * The layer that Gemma 2 and 3 share: norms before and after both halves, x + norm(attention(norm(x))), then
 * x + norm(geglu(norm(x))).
 */
record GemmaLayer(RmsNorm attentionNorm, SelfAttention attention, RmsNorm postAttentionNorm, RmsNorm feedForwardNorm,
        FeedForwardPart feedForward, RmsNorm postFeedForwardNorm) implements DecoderLayer {

    static GemmaLayer of(final WeightLoader weights, final int layer, final AttentionWeights attention) {
        final ModelShape shape = weights.shape();
        return new GemmaLayer(weights.norm(WeightName.ATTENTION_NORM, layer, shape.hidden()),
                SelfAttention.of(shape, layer, attention),
                weights.norm(WeightName.POST_ATTENTION_NORM, layer, shape.hidden()),
                weights.norm(WeightName.GEMMA_FEED_FORWARD_NORM, layer, shape.hidden()),
                FeedForward.of(weights, layer, GatedUnit.GEGLU),
                weights.norm(WeightName.POST_FEED_FORWARD_NORM, layer, shape.hidden()));
    }

    @Override
    public void forward(final Step s) {
        s.norm(attentionNorm);
        attention.forward(s);
        s.normDelta(postAttentionNorm);
        s.addDelta();
        s.norm(feedForwardNorm);
        feedForward.forward(s);
        s.normDelta(postFeedForwardNorm);
        s.addDelta();
    }

    @Override
    public void remember(final Step s) {
        s.norm(attentionNorm);
        attention.remember(s);
    }
}
