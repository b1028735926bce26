package io.spillway.node.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The specification of attention against its definition in doubles, over what is stored. */
class ScalarAttentionTest {
    private static final int KV_HEADS = 2;
    private static final int GROUP = 2;

    @Property(tries = 60)
    void itIsTheSoftmaxOfScoresOverTheVisibleTokens(@ForAll final long seed, @ForAll final KvElement element,
            @ForAll @IntRange(min = 1, max = 10) final int halfDim, @ForAll @IntRange(min = 0, max = 2_300) final int position) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(1, KV_HEADS, 2 * halfDim, 64, element);
        final AttentionRule rule = new AttentionRule(0.3f, random.nextBoolean() ? 0 : 1 + random.nextInt(1_500),
                random.nextBoolean() ? 0 : 5f, random.nextBoolean() ? null : new float[] {0.5f, -1, 2, 0});
        final int blocks = layout.blocksFor(position + 1);
        try (Slab slab = Slab.allocate(blocks * layout.blockBytes())) {
            final KvRows rows = new KvRows();
            final int[] table = new int[blocks];
            for (int i = 0; i < blocks; i++) {
                table[i] = blocks - 1 - i;
            }
            final Tensor keys = random(random, KV_HEADS * layout.headDim());
            for (int p = 0; p <= position; p++) {
                rows.begin(layout, slab.segment(), 1, 1);
                rows.blockTable(0, table);
                rows.addRow(0, p);
                keys.values()[random.nextInt(keys.width())] = (float) random.nextGaussian();
                new ScalarOps().store(rows, 0, keys, keys);
            }
            final Tensor queries = random(random, KV_HEADS * GROUP * layout.headDim());
            final Tensor out = Tensor.ofRows(1, queries.width());
            ScalarAttention.attend(rows, 0, rule, queries, out);
            for (int head = 0; head < KV_HEADS * GROUP; head++) {
                final double[] expected = defined(rows, rule, queries, head);
                for (int d = 0; d < layout.headDim(); d++) {
                    assertThat((double) out.values()[head * layout.headDim() + d]).isCloseTo(expected[d], within(2e-5));
                }
            }
        }
    }

    private static double[] defined(final KvRows rows, final AttentionRule rule, final Tensor queries, final int head) {
        final int dims = rows.layout().headDim();
        final int position = rows.position(0);
        final double sink = rule.sinks() == null ? Double.NEGATIVE_INFINITY : rule.sinks()[head];
        double total = Math.exp(sink);
        final double[] sum = new double[dims];
        for (int p = rule.firstVisible(position); p <= position; p++) {
            double score = 0;
            for (int d = 0; d < dims; d++) {
                score += (double) queries.values()[head * dims + d] * rule.scale() * stored(rows, head / GROUP, p, d, true);
            }
            final double weight = Math.exp(rule.softcap() == 0 ? score : rule.softcap() * Math.tanh(score / rule.softcap()));
            total += weight;
            for (int d = 0; d < dims; d++) {
                sum[d] += weight * stored(rows, head / GROUP, p, d, false);
            }
        }
        for (int d = 0; d < dims; d++) {
            sum[d] /= total;
        }
        return sum;
    }

    private static double stored(final KvRows rows, final int kvHead, final int position, final int dim, final boolean isKey) {
        final KvLayout layout = rows.layout();
        final int token = position % layout.blockTokens();
        final long at = rows.blockOffset(0, position / layout.blockTokens())
                + (isKey ? layout.keyOffset(0, kvHead) : layout.valueOffset(0, kvHead));
        final float number = isKey ? KvElements.keyNumber(rows.slab(), layout, at, dim, token)
                : KvElements.valueNumber(rows.slab(), layout, at, token, dim);
        return (double) number * KvElements.scale(rows.slab(), layout, at, token) + KvElements.minimum(rows.slab(), layout, at, token);
    }

    private static Tensor random(final Random random, final int width) {
        final Tensor tensor = Tensor.ofRows(1, width);
        for (int i = 0; i < width; i++) {
            tensor.values()[i] = (float) random.nextGaussian();
        }
        return tensor;
    }
}
