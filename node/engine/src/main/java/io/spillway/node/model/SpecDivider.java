package io.spillway.node.model;

import io.spillway.domain.kv.HeadSplit;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.model.AttentionSpec.Projection;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Describes what one rank of several computes of a decoder: {@link DecoderShard} says the plan. Used by the loading thread. */
final class SpecDivider {
    private final DecoderSpec whole;
    private final int rank;
    private final int ranks;
    private final HeadSplit heads;
    private final Stretch queries;       // of the width of all queries
    private final Stretch keys;          // of the width of all keys
    private final Stretch inner;         // of the width inside a feed-forward part, or an expert
    private final Stretch vocabulary;

    /** @throws io.spillway.domain.error.SpillwayException INVALID_CONFIG when it cannot be divided so */
    SpecDivider(final DecoderSpec whole, final int rank, final int ranks) {
        this.whole = whole;
        this.rank = rank;
        this.ranks = ranks;
        final ModelShape.Attention attention = whole.shape().attention();
        heads = new HeadSplit(attention.heads(), attention.kvHeads(), ranks);
        if (!heads.isPossible()) {
            throw DecoderShard.refusal(ranks, "it has " + attention.heads() + " heads and " + attention.kvHeads() + " key-value heads");
        }
        queries = new Stretch(heads.firstHead(rank) * attention.headDim(), heads.rankHeads() * attention.headDim());
        keys = new Stretch(heads.firstKvHead(rank) * attention.headDim(), heads.rankKvHeads() * attention.headDim());
        inner = inner();
        vocabulary = vocabulary();
    }

    /** One stretch for all layers, by the widest block that any of them has. */
    private Stretch inner() {
        final int width = whole.shape().feedForward();
        final int block = whole.layers().stream().flatMap(layer -> downs(layer.feedForward())).mapToInt(down -> down.dtype().blockColumns())
                .max().orElse(1);
        final Stretch stretch = Stretch.ofWidth(width, block, rank, ranks);
        if (stretch == null) {
            throw DecoderShard.refusal(ranks, "the feed-forward width of " + width + " has " + width / block + " blocks of " + block);
        }
        return stretch;
    }

    private static Stream<WeightMatrix> downs(final FeedForwardSpec feedForward) {
        return switch (feedForward) {
            case DenseSpec dense -> Stream.of(dense.down());
            case ExpertsSpec experts -> experts.experts().stream().map(ExpertsSpec.Expert::down);
        };
    }

    /** Whole strips of rows, so that ranks in one process have them of a common embedding. */
    private Stretch vocabulary() {
        final int tokens = whole.head().rows();
        final Stretch stretch = Stretch.ofWidth(tokens, tokens >= ranks * PackedMatrix.STRIP_ROWS ? PackedMatrix.STRIP_ROWS : 1, rank, ranks);
        if (stretch == null) {
            throw DecoderShard.refusal(ranks, "its vocabulary has " + tokens + " tokens");
        }
        return stretch;
    }

    DecoderShard shard() {
        final List<LayerSpec> layers = new ArrayList<>();
        for (final LayerSpec layer : whole.layers()) {
            layers.add(new LayerSpec(layer.attentionNorm(), attention(layer.attention()), layer.postAttentionNorm(), layer.feedForwardNorm(),
                    feedForward(layer.feedForward()), layer.postFeedForwardNorm()));
        }
        final DecoderSpec spec = new DecoderSpec(shape(), whole.embedding(), layers, whole.outputNorm(), rows(whole.head(), vocabulary),
                vocabulary.of(whole.headBias()), whole.loader());
        return new DecoderShard(spec, rank, heads, vocabulary.first());
    }

    private ModelShape shape() {
        final ModelShape s = whole.shape();
        final ModelShape.Attention a = s.attention();
        final ModelShape.Experts e = s.experts();
        return new ModelShape(s.architecture(), s.layers(), s.hidden(), inner.count(),
                new ModelShape.Attention(heads.rankHeads(), heads.rankKvHeads(), a.headDim(), a.scale(), a.softcap(), a.windows(), a.rotary(),
                        a.windowRotary()),
                e.count() == 0 ? e : new ModelShape.Experts(e.count(), e.chosen(), inner.count(), e.normalised()),
                s.contextTokens(), s.epsilon(), s.scaling());
    }

    private AttentionSpec attention(final AttentionSpec a) {
        final AttentionRule r = a.rule();
        return new AttentionSpec(rows(a.query(), queries), rows(a.key(), keys), rows(a.value(), keys),
                new Projection(columns(a.output().matrix(), queries), ofSum(a.output().bias()), a.output().norm()),
                new AttentionRule(r.scale(), r.windowTokens(), r.softcap(), new Stretch(heads.firstHead(rank), heads.rankHeads()).of(r.sinks())),
                a.rotary());
    }

    private FeedForwardSpec feedForward(final FeedForwardSpec feedForward) {
        return switch (feedForward) {
            case DenseSpec d -> new DenseSpec(rows(d.gate(), inner), rows(d.up(), inner), columns(d.down(), inner), d.unit());
            case ExpertsSpec e -> new ExpertsSpec(e.router(), e.choice(),
                    e.experts().stream().map(x -> new ExpertsSpec.Expert(rows(x.gate(), inner), rows(x.up(), inner), columns(x.down(), inner))).toList(),
                    biases(e.biases()), e.unit());
        };
    }

    private ExpertsSpec.Biases biases(final ExpertsSpec.Biases b) {
        return b == null ? null : new ExpertsSpec.Biases(b.router(), inner.of(b.gate()), inner.of(b.up()), rank == 0 ? b.down() : null);
    }

    /** What is added to a sum over ranks is added by one of them. */
    private float[] ofSum(final float[] bias) {
        return rank == 0 ? bias : null;
    }

    private static Projection rows(final Projection p, final Stretch stretch) {
        return new Projection(rows(p.matrix(), stretch), stretch.of(p.bias()), p.norm());
    }

    private static WeightMatrix rows(final WeightMatrix matrix, final Stretch stretch) {
        return matrix.someRows(stretch.first(), stretch.count());
    }

    private WeightMatrix columns(final WeightMatrix matrix, final Stretch stretch) {
        final int block = matrix.dtype().blockColumns();
        if (stretch.first() % block != 0 || stretch.count() % block != 0) {
            throw DecoderShard.refusal(ranks, stretch.count() + " inputs of " + matrix.label() + " for each would cut its blocks of " + block);
        }
        return matrix.someColumns(stretch.first(), stretch.count());
    }
}
