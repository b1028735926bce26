package io.spillway.domain.kv;

import static java.util.Objects.requireNonNull;

/**
 * Some neighbouring heads of a model's blocks: what one rank of several has of them. Blocks outside a node are always whole ({@link KvLayout} of
 * the model); a rank with memory of its own keeps blocks of its heads alone, in the same order ({@link #layout}). Both are related by pieces of one
 * size, equally spaced on either side, keys and values of every layer in turn: a copy between them is one copy of a rectangle, {@link #pieceCount}
 * rows of {@link #pieceBytes}.
 *
 * @param whole     the model's
 * @param firstHead first key-value head
 * @param heads     how many
 */
public record KvShard(KvLayout whole, int firstHead, int heads) {
    public KvShard {
        requireNonNull(whole, "whole");
        if (firstHead < 0 || heads <= 0 || heads > whole.kvHeads() - firstHead) {
            throw new IllegalArgumentException(heads + " heads from " + firstHead + " on, of " + whole.kvHeads());
        }
    }

    /** @return what a rank has when heads are divided so */
    public static KvShard of(final KvLayout whole, final HeadSplit split, final int rank) {
        return new KvShard(whole, split.firstKvHead(rank), split.rankKvHeads());
    }

    /** @return of blocks that hold these heads alone */
    public KvLayout layout() {
        return new KvLayout(whole.layers(), heads, whole.headDim(), whole.blockTokens(), whole.element());
    }

    /** @return pieces of a block: keys of layer 0, values of layer 0, keys of layer 1, … */
    public int pieceCount() {
        return 2 * whole.layers();
    }

    /** @return bytes of a piece, and from one to the next in a block of these heads alone */
    public long pieceBytes() {
        return heads * whole.headBytes();
    }

    /** @return bytes from one piece to the next in a whole block */
    public long wholeStrideBytes() {
        return whole.kvHeads() * whole.headBytes();
    }

    /** @return bytes from the beginning of a whole block to a piece */
    public long wholeOffset(final int piece) {
        return piece * wholeStrideBytes() + firstHead * whole.headBytes();
    }

    /** @return bytes from the beginning of a block of these heads alone to a piece */
    public long shardOffset(final int piece) {
        return piece * pieceBytes();
    }
}
