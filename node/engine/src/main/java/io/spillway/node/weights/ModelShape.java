package io.spillway.node.weights;

/**
 * The numbers that say what a decoder looks like, from a file's metadata.
 *
 * @param architecture      as the file names it, for instance {@code llama}
 * @param layers            decoder layers
 * @param hidden            width of the residual stream
 * @param feedForward       inner width of the feed-forward part
 * @param attention         heads
 * @param contextTokens     most positions
 * @param epsilon           of every norm
 * @param rotaryFrequencies radians per position of each dimension pair, scaling applied; {@code [headDim / 2]}
 */
public record ModelShape(String architecture, int layers, int hidden, int feedForward, Attention attention, int contextTokens,
        float epsilon, double[] rotaryFrequencies) {

    /** Query heads, the key-value heads they share, and the size of each. */
    public record Attention(int heads, int kvHeads, int headDim) {
        /** @return width of all queries of a row */
        public int queryWidth() {
            return heads * headDim;
        }

        /** @return width of all keys, or values, of a row */
        public int kvWidth() {
            return kvHeads * headDim;
        }
    }
}
