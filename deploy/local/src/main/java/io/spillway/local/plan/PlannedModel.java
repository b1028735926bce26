package io.spillway.local.plan;

import io.spillway.domain.kv.HeadSplit;
import io.spillway.domain.kv.KvLayout;
import java.util.List;

/**
 * The numbers of a decoder that decide what it needs.
 *
 * @param architecture  Hugging Face's {@code model_type}
 * @param contextTokens most positions it was made for; 0: its configuration does not say
 * @param attention     heads, and how far they see
 * @param weights       how many numbers of which kind
 * @param stored        what its weights take
 * @param notes         what is not modelled, or was assumed: sentences for a person
 */
public record PlannedModel(String architecture, int contextTokens, Attention attention, Weights weights, Stored stored, List<String> notes) {
    public PlannedModel {
        notes = List.copyOf(notes);
    }

    /**
     * @param layers        decoder layers
     * @param hidden        width of the residual stream
     * @param heads         query heads
     * @param kvHeads       heads of keys and values that they share
     * @param headDim       numbers of a key, and of a value, of a head
     * @param windowTokens  tokens that a layer with a window sees; 0: none has one
     * @param windowLayers  layers with a window
     * @param latent        multi-head latent attention; {@link Latent#NONE}: ordinary attention
     */
    public record Attention(int layers, int hidden, int heads, int kvHeads, int headDim, int windowTokens, int windowLayers, Latent latent) {
        /** @return operations of one query against one key, in one layer: scores and the weighted sum of values, of all heads */
        public long flopsPerKey() {
            return 2L * heads * (latent.width() == 0 ? 2L * headDim : latent.scoreWidth() + latent.valueWidth());
        }

        /** @return the same while decoding: with latent attention every head meets the packed row itself */
        public long decodeFlopsPerKey() {
            return latent.width() == 0 ? flopsPerKey() : 4L * heads * latent.width();
        }

        /** @param tokens in the cache @return tokens that are seen by one query, summed over layers */
        public double keysSeen(final double tokens) {
            return (layers - windowLayers) * tokens + windowLayers * Math.min(tokens, windowTokens == 0 ? tokens : windowTokens);
        }
    }

    /**
     * One compressed row per token and layer that stands for keys and values of all heads.
     *
     * @param width      numbers of that row, its rotated ones included; 0: there is none
     * @param scoreWidth numbers of a query that meet a key
     * @param valueWidth numbers of a value
     */
    public record Latent(int width, int scoreWidth, int valueWidth) {
        /** Ordinary attention. */
        public static final Latent NONE = new Latent(0, 0, 0);
    }

    /**
     * Numbers of the weights.
     *
     * @param vocabulary rows of the embedding, and of the head
     * @param embedding  numbers of the embedding
     * @param head       numbers of the head; 0: it is the embedding
     * @param attention  matrices of attention, of all layers, without those of keys and values
     * @param keyValue   matrices of keys and values, of all layers
     * @param dense      feed-forward matrices and routers that every token uses
     * @param experts    experts of which every token uses a few
     * @param vectors    norms, biases and sinks
     */
    public record Weights(int vocabulary, long embedding, long head, long attention, long keyValue, long dense, Experts experts, long vectors) {
        /** @return numbers of all matrices */
        public long matrices() {
            return embedding + head + attention + keyValue + dense + experts.numbers();
        }

        /** @return all numbers */
        public long total() {
            return matrices() + vectors;
        }

        /** @return numbers of matrices of layers that every token uses */
        public long common() {
            return attention + keyValue + dense;
        }

        /** @return numbers of layers that one token uses: no embedding, no head */
        public long activeInLayers() {
            return common() + experts.chosenNumbers();
        }

        /** @return numbers of the head, whether tied or not */
        public long headNumbers() {
            return head == 0 ? embedding : head;
        }
    }

    /**
     * @param count   of a layer; 0: there are none
     * @param chosen  that a token uses
     * @param width   inner width of one
     * @param numbers of all of them, in all layers
     */
    public record Experts(int count, int chosen, int width, long numbers) {
        /** No layer is divided. */
        public static final Experts NONE = new Experts(0, 0, 0, 0);

        /** @return numbers of those that one token uses */
        public long chosenNumbers() {
            return count == 0 ? 0 : numbers / count * chosen;
        }

        /** @param tokens in a step @return share of the experts that it reads, if tokens choose them evenly and apart from each other */
        public double shareRead(final double tokens) {
            return count == 0 ? 0 : 1 - Math.pow(1 - (double) chosen / count, tokens);
        }
    }

    /**
     * What weights take.
     *
     * @param bytes in all
     * @param each  of one number
     * @param label what a person calls that type
     * @param exact whether it is the sum over the tensors of a file, rather than of the configuration
     */
    public record Stored(long bytes, Each each, String label, boolean exact) {
    }

    /**
     * Mean bytes of one number.
     *
     * @param outer   of embedding and head
     * @param common  of what every token uses in the layers
     * @param experts of experts
     */
    public record Each(double outer, double common, double experts) {
        /** @return all alike */
        public static Each alike(final double bytes) {
            return new Each(bytes, bytes, bytes);
        }
    }

    /**
     * @param degree GPUs that share the model
     * @return key-value heads of each: some of them, or one that others have too; a latent row is whole everywhere; 0: it cannot be divided so
     */
    public int kvHeadsOn(final int degree) {
        final HeadSplit split = new HeadSplit(attention.heads(), attention.kvHeads(), degree);
        return split.isPossible() ? split.rankKvHeads() : 0;
    }

    /** @param kvHeads heads of one GPU @return the cache's layout there; only of ordinary attention */
    public KvLayout layout(final int kvHeads, final Workload.Cache cache) {
        return new KvLayout(attention.layers(), kvHeads, attention.headDim(), cache.blockTokens(), cache.element());
    }

    /** @return bytes of a block of the cache on a GPU that holds so many of the heads; with latent attention every GPU holds the whole row */
    public long blockBytes(final int kvHeads, final Workload.Cache cache) {
        if (attention.latent().width() == 0) {
            return layout(kvHeads, cache).blockBytes();
        }
        final long scaleBytes = cache.element().isQuantised() ? Float.BYTES : 0;
        final long tokenBytes = Math.ceilDiv((long) attention.latent().width() * cache.element().bits(), Byte.SIZE) + scaleBytes;
        return tokenBytes * attention.layers() * cache.blockTokens();
    }
}
