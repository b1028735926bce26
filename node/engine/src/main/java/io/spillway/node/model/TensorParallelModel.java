package io.spillway.node.model;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.parallel.RankGroup;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A decoder that several ranks of this process compute together: the same step goes to all of them, each computes its part, and what attention
 * and feed-forward parts add to the residual stream is summed over ranks in their order. Its outputs are those of the decoder alone but for the
 * rounding of these sums; for a number of ranks they are always the same bits. All ranks read and write the same blocks, each its own heads.
 *
 * <p>When a rank fails, the step fails with what it threw, and the next one begins anew.
 *
 * <p>Thread: as {@link LanguageModel}; the caller is rank 0.
 */
final class TensorParallelModel implements LanguageModel {
    private final DecoderSpec spec;          // owned, of the whole
    private final List<Decoder> ranks;       // owned
    private final RankGroup group;           // owned

    private TensorParallelModel(final DecoderSpec spec, final List<Decoder> ranks, final RankGroup group) {
        this.spec = spec;
        this.ranks = ranks;
        this.group = group;
    }

    /**
     * Loads every matrix.
     *
     * @param spec   handed over, unless this throws
     * @param newOps  asked once for each rank
     */
    static TensorParallelModel load(final DecoderSpec spec, final Supplier<TensorOps> newOps, final int rankCount) {
        if (rankCount < 1) {
            throw DecoderShard.refusal(rankCount, "at least one rank computes");
        }
        final List<DecoderShard> shards = new ArrayList<>();
        for (int rank = 0; rank < rankCount; rank++) {
            shards.add(DecoderShard.of(spec, rank, rankCount)); // refusals come before anything is loaded
        }
        final List<TensorOps> ops = new ArrayList<>();
        final RankGroup group = new RankGroup(rankCount);
        try {
            final List<Decoder> ranks = new ArrayList<>();
            for (final DecoderShard shard : shards) {
                ops.add(newOps.get());
                ranks.add(new Decoder(shard, ops.getLast(), group.collective(shard.rank())));
            }
            return new TensorParallelModel(spec, List.copyOf(ranks), group);
        } catch (final RuntimeException | Error e) {
            group.close();
            ops.forEach(TensorOps::close);
            throw e;
        }
    }

    @Override
    public int vocabularySize() {
        return spec.vocabularySize();
    }

    @Override
    public int contextTokens() {
        return spec.shape().contextTokens();
    }

    @Override
    public int hiddenSize() {
        return spec.shape().hidden();
    }

    @Override
    public KvLayout kvLayout(final int blockTokens, final KvElement element) {
        return Decoder.kvLayout(spec.shape(), blockTokens, element);
    }

    @Override
    public void forward(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] logits) {
        group.run(rank -> ranks.get(rank).forward(batch, layout, kvSlab, logits));
    }

    @Override
    public void hiddenStates(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] states) {
        group.run(rank -> ranks.get(rank).hiddenStates(batch, layout, kvSlab, states));
    }

    @Override
    public void close() {
        group.close();
        ranks.forEach(Decoder::close);
        spec.close();
    }
}
