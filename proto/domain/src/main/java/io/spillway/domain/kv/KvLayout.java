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
 *
 * <p>Quantised elements: the numbers of a head, filled up to 64 bytes, are followed by its scales, filled up likewise:
 * <pre>
 * F8, I8: one byte per number, in the order above; then [blockTokens] f32 scales
 * I4:     K = [headDim / 2][blockTokens] bytes: byte (i, t) holds dimension 2i (low nibble) and 2i + 1 (high) of token t
 *         V = [blockTokens][headDim / 2] bytes: byte (t, i) holds dimension i (low nibble) and i + headDim / 2 (high)
 *         then [blockTokens] f16 scales, [blockTokens] f16 minima
 * </pre>
 * No byte holds numbers of two tokens, and a token's scale depends on that token alone: blocks are valid at any fill, and
 * tokens may be written in any order and by different threads. All little-endian.
 */
public record KvLayout(int layers, int kvHeads, int headDim, int blockTokens, KvElement element) {
    /** Blocks are at most this long; a power of two. */
    public static final int BLOCK_TOKENS_MAX = 1024;
    /** Numbers and scales of a quantised head begin at multiples of this. */
    public static final int ALIGNMENT_BYTES = 64;

    private static final int SCALE_BYTES = 4;

    public KvLayout {
        positive("layers", layers);
        positive("kvHeads", kvHeads);
        positive("headDim", headDim);
        positive("blockTokens", blockTokens);
        requireNonNull(element, "element");
        if (Integer.bitCount(blockTokens) != 1 || blockTokens > BLOCK_TOKENS_MAX) {
            throw new IllegalArgumentException("blockTokens must be a power of two, at most " + BLOCK_TOKENS_MAX + ": " + blockTokens);
        }
        if (element == KvElement.I4 && headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim must be even for I4, which stores two dimensions in a byte: " + headDim);
        }
    }

    private static void positive(final String name, final int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    /** Bytes of the numbers of K, or of V, of one head in one layer: the offset from there to its scales. */
    public long numberBytes() {
        final long bytes = (long) headDim * blockTokens * element.bits() / Byte.SIZE;
        return element.isQuantised() ? aligned(bytes) : bytes;
    }

    /** Bytes of the scales of K, or of V, of one head in one layer; 0 when there are none. */
    public long scaleBytes() {
        return element.isQuantised() ? aligned((long) blockTokens * SCALE_BYTES) : 0;
    }

    private static long aligned(final long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }

    /** Bytes of K, or of V, of one head in one layer, scales included. */
    public long headBytes() {
        return numberBytes() + scaleBytes();
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

    /** Offset from the keys, or values, of a head to the first of its scales, of a quantised element. */
    public long scalesOffset() {
        return numberBytes();
    }

    /** Offset from the keys, or values, of a head to the first of its minima, of I4. */
    public long minimaOffset() {
        return numberBytes() + (long) blockTokens * Short.BYTES;
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
