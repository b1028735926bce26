package io.spillway.node.model;

/** One layer of a decoder at work: adds its part to the residual stream and writes its keys and values. */
final class DecoderLayer {
    private final LayerSpec spec;
    private final SelfAttention attention;
    private final FeedForwardPart feedForward;

    /** Loads the matrices of layer {@code index}. @param keepsKv whether keys and values are written here, not by another rank */
    DecoderLayer(final int index, final LayerSpec spec, final boolean keepsKv) {
        this.spec = spec;
        attention = new SelfAttention(index, spec.attention(), keepsKv);
        feedForward = FeedForwardPart.of(spec.feedForward());
    }

    /** @param s in and out: the residual stream; the last layer leaves the wanted rows of it */
    void forward(final Step s) {
        s.norm(spec.attentionNorm());
        attention.forward(s);
        s.sumDelta();
        if (spec.postAttentionNorm() != null) {
            s.normDelta(spec.postAttentionNorm());
        }
        s.addDelta();
        s.norm(spec.feedForwardNorm());
        feedForward.forward(s);
        s.sumDelta();
        if (spec.postFeedForwardNorm() != null) {
            s.normDelta(spec.postFeedForwardNorm());
        }
        s.addDelta();
    }

    /** Writes keys and values only: the last layer of a step of which no output is wanted. */
    void remember(final Step s) {
        s.norm(spec.attentionNorm());
        attention.remember(s);
    }
}
