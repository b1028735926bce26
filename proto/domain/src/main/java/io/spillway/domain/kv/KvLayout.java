package io.spillway.domain.kv;

import static java.util.Objects.requireNonNull;

/**
 * Shape of a KV block; the same on the device, in every tier and on the wire, so that no hop reshapes.
 *
 * <pre>
 * block = layer 0 | layer 1 | …                       (layers)
 * layer = K of head 0 | K of head 1 | … | V of head 0 | V of head 1 | …
 * K of a head = [headDim][blockTokens]                (one row per dimension: scores vectorise over tokens)
 * V of a head = [blockTokens][headDim]                (one row per token: the weighted sum vectorises over dimensions)
 * </pre>
 */
public record KvLayout(int layers, int kvHeads, int headDim, int blockTokens, KvElement element) {
    public KvLayout {
        positive("layers", layers);
        positive("kvHeads", kvHeads);
        positive("headDim", headDim);
        positive("blockTokens", blockTokens);
        requireNonNull(element, "element");
        if (Integer.bitCount(blockTokens) != 1) {
            throw new IllegalArgumentException("blockTokens must be a power of two: " + blockTokens);
        }
    }

    private static void positive(final String name, final int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    /** Bytes of K, or of V, of one head in one layer. */
    public long headBytes() {
        return (long) headDim * blockTokens * element.bytes();
    }

    /** Bytes of one layer of a block: K and V, every head. */
    public long layerBytes() {
        return 2L * kvHeads * headBytes();
    }

    /** Bytes of one block: every layer. */
    public long blockBytes() {
        return layers * layerBytes();
    }

    /** Offset in a block of the keys of a head. */
    public long keyOffset(final int layer, final int kvHead) {
        return layer * layerBytes() + kvHead * headBytes();
    }

    /** Offset in a block of the values of a head. */
    public long valueOffset(final int layer, final int kvHead) {
        return layer * layerBytes() + (kvHeads + kvHead) * headBytes();
    }

    /** Blocks that hold {@code tokens}; the last may be partly filled. */
    public int blocksFor(final int tokens) {
        return Math.ceilDiv(tokens, blockTokens);
    }

    /** Blocks that {@code tokens} fill completely: only these have an identity. */
    public int fullBlocks(final int tokens) {
        return tokens / blockTokens;
    }
}
