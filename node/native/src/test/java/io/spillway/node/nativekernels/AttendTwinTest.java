package io.spillway.node.nativekernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Cache writes and attention of every compiled variant against the specification, bit for bit, for every element. */
class AttendTwinTest {
    private static final TensorOps SCALAR = new ScalarOps();
    private static final int LAYER = 1;

    @Provide
    Arbitrary<InstructionSet> sets() {
        return Arbitraries.of(Variants.toTest());
    }

    /** Consecutive positions of one sequence. */
    private record Run(int first, int rows) { }

    @Property(tries = 200)
    void anyShape(@ForAll final long seed, @ForAll("sets") final InstructionSet set, @ForAll final KvElement element,
            @ForAll @IntRange(min = 1, max = 9) final int group, @ForAll @IntRange(min = 1, max = 40) final int halfDim,
            @ForAll @IntRange(min = 3, max = 7) final int blockBits) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, 1 + random.nextInt(2), 2 * halfDim, 1 << blockBits, element);
        final List<Run> runs = new ArrayList<>();
        for (int s = 0; s <= random.nextInt(3); s++) {
            runs.add(new Run(random.nextInt(3 * layout.blockTokens()), 1 + random.nextInt(random.nextBoolean() ? 3 : 40)));
        }
        assertTwins(random, set, layout, group, runs);
    }

    /** The shapes of real models, whose rows are whole vectors. */
    @Property(tries = 60)
    void wholeVectors(@ForAll final long seed, @ForAll("sets") final InstructionSet set, @ForAll final KvElement element,
            @ForAll @IntRange(min = 1, max = 8) final int group) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, 2, new int[] {32, 64, 80, 128}[random.nextInt(4)], 64, element);
        assertTwins(random, set, layout, group, List.of(new Run(random.nextInt(200), 1), new Run(random.nextInt(100), 1 + random.nextInt(30))));
    }

    /** Several ranges: by heads alone, and handed out range by range. */
    @Property(tries = 30)
    void longSequences(@ForAll final long seed, @ForAll("sets") final InstructionSet set, @ForAll final KvElement element) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, 1 + random.nextInt(2), 16 + 2 * random.nextInt(3), 64, element);
        final int last = 900 + random.nextInt(2300);
        assertTwins(random, set, layout, 1 + random.nextInt(3), List.of(new Run(last, 1 + random.nextInt(4)), new Run(random.nextInt(1100), 1)));
    }

    private static AttentionRule rule(final Random random, final int headDim, final int heads) {
        final float[] sinks = random.nextInt(3) == 0 ? new float[heads] : null;
        for (int i = 0; sinks != null && i < heads; i++) {
            sinks[i] = (float) random.nextGaussian() * 4;
        }
        final int window = random.nextInt(3) == 0 ? 1 + random.nextInt(random.nextBoolean() ? 20 : 1500) : 0;
        return random.nextInt(3) == 0 ? AttentionRule.causal(headDim)
                : new AttentionRule(0.05f + random.nextFloat() / 4, window, random.nextInt(3) == 0 ? 20f : 0f, sinks);
    }

    private static void assertTwins(final Random random, final InstructionSet set, final KvLayout layout, final int group,
            final List<Run> runs) {
        if (!set.runsHere()) {
            return; // LibraryTest says so
        }
        final int blockCount = runs.stream().mapToInt(run -> layout.blocksFor(run.first + run.rows)).sum();
        final List<Integer> blocks = new ArrayList<>();
        for (int i = 0; i < blockCount; i++) {
            blocks.add(i);
        }
        Collections.shuffle(blocks, random);
        try (Slab expectedSlab = Slab.allocate(blockCount * layout.blockBytes()); Slab actualSlab = Slab.allocate(blockCount * layout.blockBytes());
                NativeBackend backend = NativeBackend.over(new ThreadsBackend(1 + random.nextInt(4)), set); TensorOps ops = backend.newOps()) {
            final int kvWidth = layout.kvHeads() * layout.headDim();
            fill(random, layout, expectedSlab, runs, blocks);
            actualSlab.segment().copyFrom(expectedSlab.segment());
            final KvRows expectedRows = rows(layout, expectedSlab, runs, blocks, false);
            final KvRows actualRows = rows(layout, actualSlab, runs, blocks, false);
            final int rows = expectedRows.rowCount();
            final Tensor keys = random(random, rows, kvWidth, 1);
            final Tensor values = random(random, rows, kvWidth, 1);
            SCALAR.store(expectedRows, LAYER, keys, values);
            ops.store(actualRows, LAYER, keys, values);
            assertThat(actualSlab.segment().mismatch(expectedSlab.segment())).isEqualTo(-1);
            final Tensor queries = random(random, rows, kvWidth * group, 3);
            final AttentionRule rule = rule(random, layout.headDim(), layout.kvHeads() * group);
            final Tensor expected = Tensor.ofRows(rows, queries.width());
            final Tensor actual = Tensor.ofRows(rows, queries.width());
            SCALAR.attend(expectedRows, LAYER, rule, queries, expected);
            ops.attend(actualRows, LAYER, rule, queries, actual);
            Variants.assertSameBits(actual, expected);
        }
    }

    /** Earlier tokens hold what was stored for them; places that no token has taken hold zeros. */
    private static void fill(final Random random, final KvLayout layout, final Slab slab, final List<Run> runs, final List<Integer> blocks) {
        final KvRows rows = rows(layout, slab, runs, blocks, true);
        if (rows.rowCount() > 0) {
            final int width = layout.kvHeads() * layout.headDim();
            SCALAR.store(rows, LAYER, random(random, rows.rowCount(), width, 1), random(random, rows.rowCount(), width, 1));
        }
    }

    private static KvRows rows(final KvLayout layout, final Slab slab, final List<Run> runs, final List<Integer> blocks, final boolean earlier) {
        final KvRows rows = new KvRows();
        rows.begin(layout, slab.segment(), runs.stream().mapToInt(run -> run.first + run.rows).sum(), runs.size());
        int used = 0;
        for (int s = 0; s < runs.size(); s++) {
            final Run run = runs.get(s);
            final int count = layout.blocksFor(run.first + run.rows);
            rows.blockTable(s, blocks.subList(used, used + count).stream().mapToInt(i -> i).toArray());
            used += count;
            for (int position = earlier ? 0 : run.first; position < (earlier ? run.first : run.first + run.rows); position++) {
                rows.addRow(s, position);
            }
        }
        return rows;
    }

    private static Tensor random(final Random random, final int rows, final int width, final float spread) {
        final Tensor tensor = Tensor.ofRows(rows, width);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = (float) random.nextGaussian() * spread;
        }
        return tensor;
    }
}
