package io.spillway.node.cuda;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Decode attention against its specification. Scores are its bits; weights are summed in another order, and their common factor is
 * another maximum: per visible token at most a few units in the last place of the greatest value.
 */
class AttendTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 180)
    void anyShape(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 11) final int group,
            @ForAll @IntRange(min = 1, max = 70) final int headDim, @ForAll @IntRange(min = 0, max = 7) final int blockBits) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, 1 + random.nextInt(2), headDim, 1 << blockBits, KvElement.F16);
        assertTwins(random, layout, group, random.ints(rows, 0, random.nextBoolean() ? 40 : 700).toArray());
    }

    /** The shapes of real models. */
    @Property(tries = 60)
    void wholeHeads(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 8) final int group) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, 1, new int[] {64, 80, 96, 128, 256}[random.nextInt(5)], 64, KvElement.F16);
        assertTwins(random, layout, group, new int[] {random.nextInt(1200), random.nextInt(300)});
    }

    private static void assertTwins(final Random random, final KvLayout layout, final int group, final int[] positions) {
        final int heads = group * layout.kvHeads();
        final AttentionRule rule = rule(random, layout.headDim(), heads);
        final Tensor queries = Numbers.tensor(random, positions.length, heads * layout.headDim(), 3);
        final Tensor expected = Tensor.ofRows(positions.length, queries.width());
        try (PagedCase paged = new PagedCase(random, layout, positions)) {
            paged.fill(random, SCALAR);
            SCALAR.attend(paged.rows, PagedCase.LAYER, rule, queries, expected);
            final float[] actual = attend(paged, rule, queries, 0);
            final double[] bounds = new double[actual.length];
            Arrays.fill(bounds, (Arrays.stream(positions).max().orElseThrow() + 64) * 0x1p-24 * 6);
            Numbers.assertWithin(actual, expected.values(), bounds);
            // More room for splits, as a longer row beside them would need: the same bits.
            Numbers.assertSameBits(attend(paged, rule, queries, 2), actual);
        }
    }

    private static float[] attend(final PagedCase paged, final AttentionRule rule, final Tensor queries, final int moreSplits) {
        final int rows = paged.positions.length;
        final int headDim = paged.layout.headDim();
        final int heads = queries.width() / headDim;
        final int splits = moreSplits + Arrays.stream(paged.positions).map(p -> AttentionCall.AttendSplit.splits(rule, p)).max().orElseThrow();
        return Twins.floats(shim, device -> {
            final MemorySegment slab = device.memory().copy(paged.memory());
            final MemorySegment parts = device.floats((long) rows * heads * splits * (headDim + 2));
            parts.fill((byte) -1);
            final MemorySegment out = device.floats((long) rows * queries.width());
            final AttentionCall.AttendSplit split = new AttentionCall.AttendSplit(paged.on(device, slab), PagedCase.LAYER, rule,
                    device.address(queries.values()), parts.address(), rows, heads, splits);
            device.run(split);
            device.run(new AttentionCall.AttendMerge(split, rule.sinks() == null ? 0 : device.address(rule.sinks()), out.address()));
            return out;
        });
    }

    private static AttentionRule rule(final Random random, final int headDim, final int heads) {
        final float[] sinks = random.nextInt(3) == 0 ? Numbers.tensor(random, 1, heads, 4).values() : null;
        final int window = random.nextInt(3) == 0 ? 1 + random.nextInt(random.nextBoolean() ? 20 : 600) : 0;
        return random.nextInt(3) == 0 ? AttentionRule.causal(headDim)
                : new AttentionRule(0.05f + random.nextFloat() / 4, window, random.nextInt(3) == 0 ? 20f : 0f, sinks);
    }
}
