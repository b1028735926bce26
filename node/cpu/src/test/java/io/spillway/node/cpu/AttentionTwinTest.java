package io.spillway.node.cpu;

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
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Storing into the cache and attention over it against their specification, bit for bit: elements, rules, ranges, odd positions. */
class AttentionTwinTest {
    private static final int LAYERS = 2;
    private static final int LAYER = 1;
    private static final int KV_HEADS = 2;
    private static CpuBackend backend;
    private static TensorOps vector;
    private static final TensorOps SCALAR = new ScalarOps();

    @BeforeContainer
    static void start() {
        backend = CpuBackend.start(3);
        vector = backend.newOps();
    }

    @AfterContainer
    static void stop() {
        vector.close();
        backend.close();
    }

    /** Rows of one sequence that are computed in this step: {@code count} from position {@code first} on. */
    private record Rows(int first, int count) {
        int end() {
            return first + count;
        }
    }

    @Property(tries = 40)
    void shortSequences(@ForAll final long seed, @ForAll final KvElement element, @ForAll @IntRange(min = 1, max = 9) final int group,
            @ForAll @IntRange(min = 1, max = 40) final int halfDim, @ForAll @IntRange(min = 4, max = 7) final int blockBits) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(LAYERS, KV_HEADS, 2 * halfDim, 1 << blockBits, element);
        final List<Rows> sequences = new ArrayList<>();
        for (int s = 0; s <= random.nextInt(3); s++) {
            sequences.add(new Rows(random.nextInt(3 * layout.blockTokens()), 1 + random.nextInt(random.nextBoolean() ? 3 : 90)));
        }
        new Step(random, layout, sequences).assertTwins(group, rule(random, KV_HEADS * group, 150));
    }

    /** Several ranges of positions, which become tasks of their own when there is little else to do. */
    @Property(tries = 24)
    void longSequences(@ForAll final long seed, @ForAll final KvElement element, @ForAll @IntRange(min = 1, max = 5) final int group,
            @ForAll @IntRange(min = 1, max = 9) final int halfDim, @ForAll @IntRange(min = 0, max = 3_500) final int position) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(LAYERS, KV_HEADS, 2 * halfDim, 64, element);
        final List<Rows> sequences = new ArrayList<>();
        sequences.add(new Rows(position, 1 + random.nextInt(random.nextBoolean() ? 1 : 70)));
        if (random.nextBoolean()) {
            sequences.add(new Rows(random.nextInt(2_000), 1));
        }
        new Step(random, layout, sequences).assertTwins(group, rule(random, KV_HEADS * group, 3_000));
    }

    /** Dimensions of real models. */
    @Property(tries = 10)
    void realHeads(@ForAll final long seed, @ForAll final KvElement element) {
        final Random random = new Random(seed);
        final int headDim = new int[] {64, 80, 96, 128, 256}[random.nextInt(5)];
        final KvLayout layout = new KvLayout(LAYERS, KV_HEADS, headDim, 64, element);
        new Step(random, layout, List.of(new Rows(random.nextInt(200), 1 + random.nextInt(40)), new Rows(random.nextInt(1_100), 1)))
                .assertTwins(1 << random.nextInt(4), rule(random, 16, 100));
    }

    private static AttentionRule rule(final Random random, final int heads, final int windowMax) {
        final float[] sinks = random.nextInt(3) == 0 ? new float[heads] : null;
        for (int head = 0; sinks != null && head < heads; head++) {
            sinks[head] = (float) random.nextGaussian() * 3;
        }
        return new AttentionRule(0.05f + random.nextFloat(), random.nextInt(3) == 0 ? 1 + random.nextInt(windowMax) : 0,
                random.nextInt(3) == 0 ? 1 + 20 * random.nextFloat() : 0, sinks);
    }

    /** One step over sequences whose earlier tokens are in the cache, in blocks anywhere. */
    private static final class Step {
        private final Random random;
        private final KvLayout layout;
        private final List<Rows> sequences;
        private final int rowCount;
        private final List<int[]> tables = new ArrayList<>();
        private int blocks;

        private Step(final Random random, final KvLayout layout, final List<Rows> sequences) {
            this.random = random;
            this.layout = layout;
            this.sequences = sequences;
            rowCount = sequences.stream().mapToInt(Rows::count).sum();
            final List<Integer> free = new ArrayList<>();
            for (final Rows rows : sequences) {
                for (int i = 0; i < layout.blocksFor(rows.end()); i++) {
                    free.add(blocks++);
                }
            }
            Collections.shuffle(free, random);
            int used = 0;
            for (final Rows rows : sequences) {
                tables.add(free.subList(used, used + layout.blocksFor(rows.end())).stream().mapToInt(i -> i).toArray());
                used += layout.blocksFor(rows.end());
            }
        }

        private void assertTwins(final int group, final AttentionRule rule) {
            try (Slab expectedSlab = Slab.allocate(blocks * layout.blockBytes()); Slab actualSlab = Slab.allocate(blocks * layout.blockBytes())) {
                expectedSlab.segment().fill((byte) -1); // not a number wherever nothing was written: it must not count
                SCALAR.store(rows(expectedSlab, true), LAYER, numbers(earlier(), layout.kvHeads(), 1), numbers(earlier(), layout.kvHeads(), 1));
                actualSlab.segment().copyFrom(expectedSlab.segment());
                final KvRows expectedRows = rows(expectedSlab, false);
                final KvRows actualRows = rows(actualSlab, false);
                final Tensor keys = numbers(rowCount, layout.kvHeads(), 1);
                final Tensor values = numbers(rowCount, layout.kvHeads(), 1);
                SCALAR.store(expectedRows, LAYER, keys, values);
                vector.store(actualRows, LAYER, keys, values);
                assertThat(actualSlab.segment().mismatch(expectedSlab.segment())).isEqualTo(-1);
                assertSameAttention(expectedRows, actualRows, group, rule);
                keepSome(expectedRows, actualRows);
                assertSameAttention(expectedRows, actualRows, group, rule);
            }
        }

        private void keepSome(final KvRows expectedRows, final KvRows actualRows) {
            final int[] kept = random.ints(0, rowCount).limit(5).distinct().sorted().toArray();
            expectedRows.keep(kept, kept.length);
            actualRows.keep(kept, kept.length);
        }

        private void assertSameAttention(final KvRows expectedRows, final KvRows actualRows, final int group, final AttentionRule rule) {
            final Tensor queries = numbers(expectedRows.rowCount(), layout.kvHeads() * group, 3);
            final Tensor expected = Tensor.ofRows(expectedRows.rowCount(), queries.width());
            final Tensor actual = Tensor.ofRows(expectedRows.rowCount(), queries.width());
            SCALAR.attend(expectedRows, LAYER, rule, queries, expected);
            vector.attend(actualRows, LAYER, rule, queries, actual);
            for (int i = 0; i < expected.values().length; i++) {
                assertThat(Float.floatToRawIntBits(actual.values()[i])).as("element %d: %s and %s", i, actual.values()[i], expected.values()[i])
                        .isEqualTo(Float.floatToRawIntBits(expected.values()[i]));
            }
        }

        private int earlier() {
            return sequences.stream().mapToInt(Rows::first).sum();
        }

        private KvRows rows(final Slab slab, final boolean earlier) {
            final KvRows rows = new KvRows();
            rows.begin(layout, slab.segment(), earlier() + rowCount, sequences.size());
            for (int s = 0; s < sequences.size(); s++) {
                rows.blockTable(s, tables.get(s));
                final Rows own = sequences.get(s);
                for (int position = earlier ? 0 : own.first(); position < (earlier ? own.first() : own.end()); position++) {
                    rows.addRow(s, position);
                }
            }
            return rows;
        }

        private Tensor numbers(final int rows, final int heads, final float spread) {
            final Tensor tensor = Tensor.ofRows(rows, heads * layout.headDim());
            for (int i = 0; i < tensor.values().length; i++) {
                tensor.values()[i] = random.nextInt(200) == 0 ? 0 : (float) random.nextGaussian() * spread;
            }
            return tensor;
        }
    }
}
