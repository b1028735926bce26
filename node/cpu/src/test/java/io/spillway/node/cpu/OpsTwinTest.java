package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.MatrixPacker;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.RowPlacing;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.stored.StoredRows;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Every vector operation against its specification, bit for bit, over odd sizes and tails. */
class OpsTwinTest {
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

    private static Tensor random(final Random random, final int rows, final int width, final float spread) {
        final Tensor tensor = Tensor.ofRows(rows, width);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = (float) random.nextGaussian() * spread;
        }
        return tensor;
    }

    private static Tensor copy(final Tensor tensor) {
        return new Tensor(tensor.values().clone(), tensor.width());
    }

    private static void assertSameBits(final Tensor actual, final Tensor expected) {
        for (int i = 0; i < expected.values().length; i++) {
            assertThat(Float.floatToRawIntBits(actual.values()[i])).as("element %d: %s and %s", i, actual.values()[i], expected.values()[i])
                    .isEqualTo(Float.floatToRawIntBits(expected.values()[i]));
        }
    }

    private static void assertTwins(final Tensor input, final BiConsumer<TensorOps, Tensor> operation) {
        final Tensor expected = copy(input);
        final Tensor actual = copy(input);
        operation.accept(SCALAR, expected);
        operation.accept(vector, actual);
        assertSameBits(actual, expected);
    }

    /** Random stored bytes of a matrix, with scales and values of ordinary size. */
    static MemorySegment stored(final Random random, final DType dtype, final int rows, final int columns) {
        final byte[] bytes = new byte[(int) (rows * TensorType.valueOf(dtype.name()).bytesOf(columns))];
        random.nextBytes(bytes);
        final MemorySegment segment = MemorySegment.ofArray(bytes);
        final int stepBytes = switch (dtype) {
            case F32 -> 4;
            case F16, BF16 -> 2;
            case Q8_0 -> 34;
            case Q4_0 -> 18;
            default -> throw new IllegalArgumentException("no file stores " + dtype);
        };
        for (int at = 0; at < bytes.length; at += stepBytes) {
            final float value = (float) random.nextGaussian() * (random.nextInt(8) == 0 ? 1e-6f : 0.1f);
            switch (dtype) {
                case F32 -> segment.set(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
                case BF16 -> segment.set(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at,
                        io.spillway.node.compute.Half.bf16FromFloat(value));
                default -> segment.set(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(value));
            }
        }
        return segment;
    }

    static PackedMatrix pack(final Slab slab, final MemorySegment stored, final DType dtype, final int rows, final int columns) {
        final PackedMatrix packed = new PackedMatrix(dtype, rows, columns, slab.segment());
        final StoredMatrix source = StoredRows.of(stored, TensorType.valueOf(dtype.name()), rows, columns).orElseThrow();
        for (int strip = 0; strip < packed.strips(); strip++) {
            MatrixPacker.packStrip(source, MatrixPacker.RowOrder.SAME, packed, strip);
        }
        return packed;
    }

    @Provide
    Arbitrary<DType> stored() {
        return Arbitraries.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0, DType.Q4_0);
    }

    @Property(tries = 120)
    void projections(@ForAll final long seed, @ForAll("stored") final DType dtype, @ForAll @IntRange(min = 1, max = 21) final int rows,
            @ForAll @IntRange(min = 1, max = 150) final int outputs, @ForAll @IntRange(min = 1, max = 9) final int blocks) {
        final Random random = new Random(seed);
        final int columns = dtype.blockColumns() == 1 ? blocks * 7 : blocks * 32;
        assertProjectionTwins(random, dtype, rows, outputs, columns);
    }

    /** Deeper than one expanded piece, more rows than one piece. */
    @Property(tries = 6)
    void largeProjections(@ForAll final long seed, @ForAll("stored") final DType dtype) {
        assertProjectionTwins(new Random(seed), dtype, 131, 65, 1024 + 32);
    }

    private static void assertProjectionTwins(final Random random, final DType dtype, final int rows, final int outputs, final int columns) {
        final Tensor in = random(random, rows, columns, 1);
        try (Slab a = Slab.allocate(PackedMatrix.sizeBytes(dtype, outputs, columns));
                Slab b = Slab.allocate(PackedMatrix.sizeBytes(dtype, 64, columns))) {
            final PackedMatrix[] weights = {pack(a, stored(random, dtype, outputs, columns), dtype, outputs, columns),
                pack(b, stored(random, dtype, 64, columns), dtype, 64, columns)};
            final Tensor[] expected = {Tensor.ofRows(rows, outputs), Tensor.ofRows(rows, 64)};
            final Tensor[] actual = {Tensor.ofRows(rows, outputs), Tensor.ofRows(rows, 64)};
            SCALAR.project(in, rows, weights, expected);
            vector.project(in, rows, weights, actual);
            assertSameBits(actual[0], expected[0]);
            assertSameBits(actual[1], expected[1]);
        }
    }

    @Property(tries = 60)
    void norms(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int rows, @ForAll @IntRange(min = 1, max = 140) final int width) {
        final Random random = new Random(seed);
        final RmsNorm norm = new RmsNorm(random(random, 1, width, 1).values(), 1e-6f);
        assertTwins(random(random, rows, width, 3), (ops, x) -> ops.rmsNorm(x, rows, norm, x));
        assertTwins(random(random, rows, 3 * width, 3), (ops, x) -> ops.rmsNormHeads(x, rows, norm));
    }

    @Property(tries = 60)
    void rotations(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int rows, @ForAll @IntRange(min = 1, max = 70) final int half) {
        final Random random = new Random(seed);
        final double[] frequencies = random.doubles(half).toArray();
        final RotaryRows rotary = new RotaryRows(frequencies);
        rotary.begin(rows);
        for (int row = 0; row < rows; row++) {
            rotary.set(row, random.nextInt(100_000));
        }
        assertTwins(random(random, rows, 3 * 2 * half, 2), (ops, x) -> ops.rotate(x, rows, rotary));
        final RotaryRows partial = new RotaryRows(frequencies, 1.25f, 2 * half + 6);
        partial.begin(rows);
        for (int row = 0; row < rows; row++) {
            partial.set(row, random.nextInt(100_000));
        }
        assertTwins(random(random, rows, 3 * partial.headDim(), 2), (ops, x) -> ops.rotate(x, rows, partial));
    }

    @Property(tries = 60)
    void activations(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 40) final int rows, @ForAll @IntRange(min = 1, max = 700) final int width) {
        final Random random = new Random(seed);
        final Tensor other = random(random, rows, width, 2);
        final Tensor wide = random(random, rows, width, 60); // beyond the clamp of the exponential too
        assertTwins(wide, (ops, x) -> ops.swiGlu(x, other, rows));
        assertTwins(wide, (ops, x) -> ops.add(x, other, rows));
        assertTwins(wide, (ops, x) -> ops.geGlu(x, other, rows));
        assertTwins(wide, (ops, x) -> ops.clampedSwiGlu(x, other, rows));
        assertTwins(random(random, rows, width, 9), (ops, x) -> ops.clampedSwiGlu(x, wide, rows));
        assertTwins(wide, (ops, x) -> ops.softcap(x, rows, 30f));
        assertTwins(wide, (ops, x) -> ops.addBias(x, rows, copyOfRow(other)));
    }

    private static float[] copyOfRow(final Tensor tensor) {
        return java.util.Arrays.copyOf(tensor.values(), tensor.width());
    }

    @Property(tries = 60)
    void weightedRows(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 60) final int rows, @ForAll @IntRange(min = 1, max = 700) final int width) {
        final Random random = new Random(seed);
        final Tensor in = random(random, rows, width, 2);
        final List<Integer> targets = new ArrayList<>();
        for (int i = 0; i < rows + 5; i++) {
            targets.add(i);
        }
        Collections.shuffle(targets, random);
        final RowPlacing placing = new RowPlacing(targets.stream().mapToInt(i -> i).toArray(), random(random, 1, rows + 5, 1).values());
        assertTwins(random(random, rows + 5, width, 3), (ops, x) -> ops.addWeighted(in, rows, placing, x));
    }
}
