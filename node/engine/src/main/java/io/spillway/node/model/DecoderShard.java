package io.spillway.node.model;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.HeadSplit;

/**
 * What one rank of several computes of a decoder. Each has some of the heads and some of the inner width of every feed-forward part and every
 * expert, so that what attention and feed-forward parts add is a sum over ranks; and some of the vocabulary, so that logits are gathered. Norms,
 * router and embedding are everybody's. Biases of sums are rank 0's alone.
 *
 * @param spec       of the rank: its shape's heads and widths are the rank's; matrices that ranks have in common are the same objects
 * @param rank       from 0
 * @param heads      of the whole decoder, divided
 * @param firstToken of the vocabulary, where the rank's head begins
 */
public record DecoderShard(DecoderSpec spec, int rank, HeadSplit heads, int firstToken) {
    /** How a refusal names what asked for it: the key of a node's configuration. */
    static final String FIELD = "engine.tensor-parallel";

    public DecoderShard {
        requireNonNull(spec, "spec");
        requireNonNull(heads, "heads");
    }

    /** @return all of it, for one rank */
    static DecoderShard whole(final DecoderSpec spec) {
        return new DecoderShard(spec, 0, new HeadSplit(spec.shape().attention().heads(), spec.shape().attention().kvHeads(), 1), 0);
    }

    /**
     * @param whole  not loaded yet; the shard uses its loader, and is of no use once that is closed
     * @param rank   from 0
     * @param ranks  that compute it together
     * @throws SpillwayException INVALID_CONFIG, naming the dimension that cannot be divided so
     */
    public static DecoderShard of(final DecoderSpec whole, final int rank, final int ranks) {
        if (ranks < 1) {
            throw refusal(ranks, "at least one rank computes");
        }
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException("rank " + rank + " of " + ranks);
        }
        return ranks == 1 ? whole(whole) : new SpecDivider(whole, rank, ranks).shard();
    }

    static SpillwayException refusal(final int ranks, final String because) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, FIELD, "this model cannot be divided among " + ranks + " ranks: " + because);
    }

    /** @return whether the rank writes keys and values; otherwise another rank that has the same heads does */
    boolean keepsKv() {
        return heads.keeps(rank);
    }
}
