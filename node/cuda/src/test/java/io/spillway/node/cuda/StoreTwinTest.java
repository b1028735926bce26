package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Bias, norms of heads, rotation and cache write against their specification, bit for bit: every query, every byte of the slab. */
class StoreTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static final int POSITIONS = 100;
    private static final List<KvElement> ELEMENTS = List.of(KvElement.F16, KvElement.BF16, KvElement.F8, KvElement.I8, KvElement.I4);
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    /** Where the rows of a step are: some one behind the other in a sequence, some alone, some that only fill a bucket. */
    private record Placing(int[] lastPositions, int[] sequences, int[] positions) {
        static Placing random(final Random random, final int rows) {
            final List<Integer> last = new ArrayList<>();
            final int[] sequences = new int[rows];
            final int[] positions = new int[rows];
            for (int r = 0; r < rows;) {
                final int run = Math.min(rows - r, random.nextBoolean() ? 1 : 1 + random.nextInt(20));
                final int from = random.nextInt(POSITIONS - run);
                final boolean isPadding = random.nextInt(6) == 0 && r > 0;
                for (int i = 0; i < run; i++, r++) {
                    sequences[r] = isPadding ? -1 : last.size();
                    positions[r] = isPadding ? -1 : from + i;
                }
                if (!isPadding) {
                    last.add(from + run - 1);
                }
            }
            return new Placing(last.stream().mapToInt(i -> i).toArray(), sequences, positions);
        }

        int[] real() {
            return java.util.stream.IntStream.range(0, positions.length).filter(r -> positions[r] >= 0).toArray();
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void anyShape(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 40) final int rows, @ForAll @IntRange(min = 0, max = 3) final int group,
            @ForAll @IntRange(min = 1, max = 140) final int size) {
        final Random random = new Random(seed);
        final KvElement element = ELEMENTS.get(random.nextInt(ELEMENTS.size()));
        final int headDim = random.nextInt(3) == 0 ? size + size % 2 : (size + 7) / 8 * 8;
        final KvLayout layout = new KvLayout(2, 1 + random.nextInt(2), headDim, 1 << random.nextInt(7), element);
        final boolean stores = group == 0 || random.nextInt(5) > 0;
        new Case(random, layout, Placing.random(random, rows), group * layout.kvHeads(), stores).check();
    }

    /** One case: what goes in, and what should come out. */
    private static final class Case {
        private final Random random;
        private final KvLayout layout;
        private final Placing placing;
        private final int heads;
        private final boolean stores;
        private final DType type;
        private final int inHeads;
        private final float[] bias;
        private final RmsNorm queryNorm;
        private final RmsNorm keyNorm;
        private final double[] frequencies;
        private final float[] in;

        Case(final Random random, final KvLayout layout, final Placing placing, final int heads, final boolean stores) {
            this.random = random;
            this.layout = layout;
            this.placing = placing;
            this.heads = heads;
            this.stores = stores;
            type = random.nextBoolean() ? DType.F16 : DType.BF16;
            inHeads = heads + (stores ? 2 * layout.kvHeads() : 0);
            final int headDim = layout.headDim();
            bias = random.nextBoolean() ? Numbers.tensor(random, 1, inHeads * headDim, 1).values() : null;
            queryNorm = random.nextBoolean() ? new RmsNorm(Numbers.tensor(random, 1, headDim, 1).values(), 1e-6f) : null;
            keyNorm = random.nextBoolean() ? new RmsNorm(Numbers.tensor(random, 1, headDim, 1).values(), 1e-6f) : null;
            frequencies = random.doubles(random.nextInt(headDim / 2 + 1)).toArray();
            in = Halves.rounded(Numbers.tensor(random, placing.positions.length, inHeads * headDim, 2).values(), type);
        }

        void check() {
            try (PagedCase paged = new PagedCase(random, layout, placing.lastPositions)) {
                final byte[] slabBefore = DeviceMemory.bytes(paged.memory());
                final byte[][] queries = new byte[1][];
                final byte[] slab = Twins.run(shim, device -> {
                    final MemorySegment deviceSlab = device.memory().copy(MemorySegment.ofArray(slabBefore));
                    final MemorySegment out = device.memory().bytes(Math.max(2, 2L * placing.positions.length * heads * layout.headDim()));
                    device.run(call(device, paged, deviceSlab, out.address()));
                    queries[0] = DeviceMemory.bytes(out);
                    return deviceSlab;
                });
                final float[] expected = specification(paged);
                Numbers.assertSameBits(Halves.floats(queries[0], type), expected);
                assertThat(MemorySegment.ofArray(slab).mismatch(paged.memory())).isEqualTo(-1);
            }
        }

        private RowCall call(final Twins.Device device, final PagedCase paged, final MemorySegment slab, final long queries) {
            final PagedKv blocks = paged.on(device, slab);
            final PagedKv kv = new PagedKv(layout, slab.address(), device.address(placing.positions), device.address(placing.sequences), blocks.tables(),
                    blocks.tableStride());
            final RowCall.HeadRule rule = new RowCall.HeadRule(bias == null ? 0 : device.address(bias),
                    queryNorm == null ? 0 : device.address(queryNorm.gain()), keyNorm == null ? 0 : device.address(keyNorm.gain()), 1e-6f,
                    device.address(table()), frequencies.length);
            return new RowCall.QkvFinish(kv, PagedCase.LAYER, rule, new Values(device.address(Halves.of(in, type)), type), queries,
                    placing.positions.length, heads, stores);
        }

        private RotaryRows rotary() {
            return new RotaryRows(frequencies, 1.125f, layout.headDim());
        }

        private float[] table() {
            final int half = frequencies.length;
            final float[] table = new float[Math.max(1, POSITIONS * 2 * half)];
            final RotaryRows rotary = rotary();
            rotary.begin(1);
            for (int position = 0; position < POSITIONS; position++) {
                rotary.set(0, position);
                System.arraycopy(rotary.cosines(), 0, table, position * 2 * half, half);
                System.arraycopy(rotary.sines(), 0, table, (position * 2 + 1) * half, half);
            }
            return table;
        }

        /** Writes the slab and returns the queries, rounded; rows that only fill a bucket have zeros. */
        private float[] specification(final PagedCase paged) {
            final int[] real = placing.real();
            final RotaryRows rotary = rotary();
            rotary.begin(Math.max(1, real.length));
            final KvRows rows = new KvRows();
            rows.begin(layout, paged.slab.segment(), Math.max(1, real.length), paged.tables.length);
            for (int s = 0; s < paged.tables.length; s++) {
                rows.blockTable(s, paged.tables[s]);
            }
            for (int i = 0; i < real.length; i++) {
                rotary.set(i, placing.positions[real[i]]);
                rows.addRow(placing.sequences[real[i]], placing.positions[real[i]]);
            }
            final int kvHeads = layout.kvHeads();
            if (stores) {
                final Tensor keys = finished(real, heads, kvHeads, keyNorm, rotary);
                SCALAR.store(rows, PagedCase.LAYER, keys, finished(real, heads + kvHeads, kvHeads, null, null));
            }
            final float[] queries = new float[Math.max(1, placing.positions.length * heads * layout.headDim())];
            if (heads > 0) {
                final Tensor finished = finished(real, 0, heads, queryNorm, rotary);
                for (int i = 0; i < real.length; i++) {
                    System.arraycopy(finished.values(), i * finished.width(), queries, real[i] * finished.width(), finished.width());
                }
            }
            return Halves.rounded(queries, type);
        }

        private Tensor finished(final int[] real, final int fromHead, final int count, final RmsNorm norm, final RotaryRows rotary) {
            final int headDim = layout.headDim();
            final int width = count * headDim;
            final Tensor x = Tensor.ofRows(Math.max(1, real.length), width);
            for (int i = 0; i < real.length; i++) {
                System.arraycopy(in, (real[i] * inHeads + fromHead) * headDim, x.values(), i * width, width);
            }
            if (bias != null) {
                SCALAR.addBias(x, real.length, java.util.Arrays.copyOfRange(bias, fromHead * headDim, fromHead * headDim + width));
            }
            if (norm != null) {
                SCALAR.rmsNormHeads(x, real.length, norm);
            }
            if (rotary != null) {
                SCALAR.rotate(x, real.length, rotary);
            }
            return x;
        }
    }
}
