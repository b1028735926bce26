package io.spillway.node.model;

import io.spillway.node.compute.RmsNorm;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/**
 * The layer that most architectures share: x + attention(norm(x)), then x + feedForward(norm(x)).
 *
 * @param attentionNorm   [hidden]
 * @param feedForwardNorm [hidden]
 */
record PreNormLayer(RmsNorm attentionNorm, SelfAttention attention, RmsNorm feedForwardNorm, FeedForwardPart feedForward)
        implements DecoderLayer {

    /** Norms under their usual names. */
    static PreNormLayer of(final WeightLoader weights, final int layer, final SelfAttention attention, final FeedForwardPart feedForward) {
        final ModelShape shape = weights.shape();
        return new PreNormLayer(weights.norm(WeightName.ATTENTION_NORM, layer, shape.hidden()), attention,
                weights.norm(WeightName.FEED_FORWARD_NORM, layer, shape.hidden()), feedForward);
    }

    @Override
    public void forward(final Step s) {
        s.norm(attentionNorm);
        attention.forward(s);
        s.addDelta();
        s.norm(feedForwardNorm);
        feedForward.forward(s);
        s.addDelta();
    }

    @Override
    public void remember(final Step s) {
        s.norm(attentionNorm);
        attention.remember(s);
    }
}
