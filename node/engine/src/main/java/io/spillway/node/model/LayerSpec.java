package io.spillway.node.model;

import static java.util.Objects.requireNonNull;

import io.spillway.node.compute.RmsNorm;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/**
 * One layer: x + post(attention(norm(x))), then x + post(feedForward(norm(x))).
 *
 * @param attentionNorm       [hidden]
 * @param postAttentionNorm   [hidden], of what attention adds; null: none
 * @param feedForwardNorm     [hidden]
 * @param postFeedForwardNorm [hidden], of what the feed-forward part adds; null: none
 */
public record LayerSpec(RmsNorm attentionNorm, AttentionSpec attention, RmsNorm postAttentionNorm, RmsNorm feedForwardNorm,
        FeedForwardSpec feedForward, RmsNorm postFeedForwardNorm) {
    public LayerSpec {
        requireNonNull(attentionNorm, "attentionNorm");
        requireNonNull(attention, "attention");
        requireNonNull(feedForwardNorm, "feedForwardNorm");
        requireNonNull(feedForward, "feedForward");
    }

    /** Norms before both halves, under their usual names: what most architectures share. */
    static LayerSpec preNorm(final WeightLoader weights, final int layer, final AttentionSpec attention, final FeedForwardSpec feedForward) {
        return preNorm(weights, layer, attention, WeightName.FEED_FORWARD_NORM, feedForward);
    }

    /** Likewise, with the second norm under another name. */
    static LayerSpec preNorm(final WeightLoader weights, final int layer, final AttentionSpec attention, final WeightName feedForwardNorm,
            final FeedForwardSpec feedForward) {
        final int hidden = weights.shape().hidden();
        return new LayerSpec(weights.norm(WeightName.ATTENTION_NORM, layer, hidden), attention, null,
                weights.norm(feedForwardNorm, layer, hidden), feedForward, null);
    }

    /** Norms before and behind both halves, and GeGLU: what Gemma 2 and 3 share. */
    static LayerSpec gemma(final WeightLoader weights, final int layer, final AttentionSpec attention) {
        final ModelShape shape = weights.shape();
        return new LayerSpec(weights.norm(WeightName.ATTENTION_NORM, layer, shape.hidden()), attention,
                weights.norm(WeightName.POST_ATTENTION_NORM, layer, shape.hidden()),
                weights.norm(WeightName.GEMMA_FEED_FORWARD_NORM, layer, shape.hidden()),
                DenseSpec.of(weights, layer, GatedUnit.GEGLU),
                weights.norm(WeightName.POST_FEED_FORWARD_NORM, layer, shape.hidden()));
    }
}
