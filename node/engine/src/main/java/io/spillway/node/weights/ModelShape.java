package io.spillway.node.weights;

import io.spillway.node.compute.AttentionRule;

/**
 * The numbers that say what a decoder looks like, from a file's metadata.
 *
 * @param architecture  what kind it is
 * @param layers        decoder layers
 * @param hidden        width of the residual stream
 * @param feedForward   inner width of the feed-forward part, where it is not made of experts
 * @param attention     heads, and how they see
 * @param experts       how the feed-forward part is divided; {@link Experts#NONE}: it is not
 * @param contextTokens most positions
 * @param epsilon       of every norm
 * @param scaling       what stands around the layers
 */
public record ModelShape(Architecture architecture, int layers, int hidden, int feedForward, Attention attention, Experts experts,
        int contextTokens, float epsilon, Scaling scaling) {

    /**
     * Query heads, the key-value heads they share, the size of each, and how they see.
     *
     * @param scale        queries are multiplied by this
     * @param softcap      bound of a score; 0: none
     * @param windows      which layers see only the last tokens
     * @param rotary       of layers that see everything
     * @param windowRotary of layers with a window
     */
    public record Attention(int heads, int kvHeads, int headDim, float scale, float softcap, Windows windows, Rotary rotary,
            Rotary windowRotary) {
        /** @return width of all queries of a row */
        public int queryWidth() {
            return heads * headDim;
        }

        /** @return width of all keys, or values, of a row */
        public int kvWidth() {
            return kvHeads * headDim;
        }

        /** @param sinks a score per head, or null @return how that layer attends */
        public AttentionRule rule(final int layer, final float[] sinks) {
            return new AttentionRule(scale, windows.tokensOf(layer), softcap, sinks);
        }

        /** @return whether one rotation serves all layers */
        public boolean rotatesAlike() {
            return rotary.same(windowRotary);
        }
    }

    /**
     * Sliding windows.
     *
     * @param tokens positions that a row of such a layer sees, itself included
     * @param layers which layers have the window
     */
    public record Windows(int tokens, boolean[] layers) {
        /** No layer has a window. */
        public static final Windows NONE = new Windows(0, new boolean[0]);

        /** @return the window of a layer; 0: it sees everything */
        public int tokensOf(final int layer) {
            return layer < layers.length && layers[layer] ? tokens : 0;
        }
    }

    /**
     * A feed-forward part of which every token uses a few.
     *
     * @param count       experts of a layer
     * @param chosen      experts that a token uses
     * @param feedForward inner width of one
     * @param normalised  whether the weights of the chosen ones are divided by their sum
     */
    public record Experts(int count, int chosen, int feedForward, boolean normalised) {
        /** The feed-forward part is one. */
        public static final Experts NONE = new Experts(0, 0, 0, false);
    }

    /**
     * What stands around the layers.
     *
     * @param embedding    embeddings are multiplied by this
     * @param logitSoftcap bound of a logit; 0: none
     */
    public record Scaling(float embedding, float logitSoftcap) {
        /** Embeddings and logits stay as they are. */
        public static final Scaling NONE = new Scaling(1, 0);
    }
}
