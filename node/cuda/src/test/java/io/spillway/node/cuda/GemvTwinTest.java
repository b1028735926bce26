package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.ActivationRounding;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;

/** Products with few rows against their specification, and what they are made from. */
class GemvTwinTest {
    private static final DType[] PACKED = {DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q4_M, DType.Q8_G, DType.Q8_M, DType.Q6_K, DType.F8};
    private static final int BLOCK_BYTES = MatrixCall.RoundActivations.BLOCK_BYTES;
    private static final int FACTORS_AT = 8;
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 120)
    void halves(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 40) final int rows, @ForAll @IntRange(min = 1, max = 35) final int outputPairs,
            @ForAll @IntRange(min = 1, max = 100) final int eights) {
        final Random random = new Random(seed);
        final DType half = HalfRows.kind(random);
        final ProductOutput output = ProductOutput.values()[random.nextInt(ProductOutput.values().length)];
        final int columns = 8 * eights;
        final int outputs = 2 * outputPairs;
        final HalfRows weights = HalfRows.random(random, half, outputs, columns, 0.1f);
        final HalfRows in = HalfRows.random(random, half, rows, columns, random.nextInt(5) == 0 ? 30 : 1);
        final float[] bias = random.nextBoolean() ? Numbers.tensor(random, 1, outputs, 1).values() : null;
        final float[] before = Numbers.tensor(random, rows, outputs, 3).values();
        final float[] actual = halves(weights, in, bias, output, before);
        final PackedMatrix all = weights.packed();
        final PackedMatrix[] parts = output.isGated()
            ? new PackedMatrix[] {weights.part(0, outputPairs).packed(), weights.part(outputPairs, outputPairs).packed()}
            : new PackedMatrix[] {all};
        final ExpectedProduct expected = ExpectedProduct.of(parts, in.floats(), in.floats(), bias, output, half, before);
        Numbers.assertWithin(actual, expected.values(), expected.bounds());
        // What a row gives does not depend on the rows beside it.
        final int row = random.nextInt(rows);
        final int width = actual.length / rows;
        final float[] alone = halves(weights, in.row(row), bias, output, Arrays.copyOfRange(before, row * width, (row + 1) * width));
        Numbers.assertSameBits(alone, Arrays.copyOfRange(actual, row * width, (row + 1) * width));
    }

    private static float[] halves(final HalfRows weights, final HalfRows in, final float[] bias, final ProductOutput output, final float[] before) {
        final int width = output.isGated() ? weights.rows() / 2 : weights.rows();
        return results(output, in.kind(), in.rows() * width, before, (device, out) -> device.run(new MatrixCall.Gemv(
                Product.of(in.kind(), device.address(weights.segment()), device.address(in.segment()), out, in.rows(), weights.rows(), in.width(), output)
                    .withBias(bias == null ? 0 : device.address(bias)))));
    }

    private interface Launches {
        void run(Twins.Device device, long out);
    }

    /** @return results as floats */
    private static float[] results(final ProductOutput output, final DType half, final int count, final float[] before, final Launches launches) {
        final boolean areFloats = output == ProductOutput.FLOAT || output == ProductOutput.ADD;
        final byte[] bytes = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes((areFloats ? 4L : 2L) * count);
            if (output == ProductOutput.ADD) {
                MemorySegment.copy(MemorySegment.ofArray(before), 0, out, 0, 4L * count);
            }
            launches.run(device, out.address());
            return out;
        });
        return areFloats ? MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED) : HalfRows.floats(half, bytes);
    }

    @Property(tries = 160)
    void packed(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 20) final int rows, @ForAll @IntRange(min = 1, max = 70) final int width) {
        final Random random = new Random(seed);
        final DType dtype = PACKED[random.nextInt(PACKED.length)];
        final DType half = HalfRows.kind(random);
        final ProductOutput output = ProductOutput.values()[random.nextInt(ProductOutput.values().length)];
        final int columns = dtype.blockColumns() * (1 + random.nextInt(dtype.blockColumns() == 256 ? 5 : 40));
        final PackedMatrix[] weights = new PackedMatrix[output.isGated() ? 2 : 1];
        Arrays.setAll(weights, i -> Matrices.random(random, dtype, width, columns));
        final HalfRows in = HalfRows.random(random, half, rows, columns, random.nextInt(5) == 0 ? 30 : 1);
        final float[] bias = random.nextBoolean() ? Numbers.tensor(random, 1, width * weights.length, 1).values() : null;
        final float[] before = Numbers.tensor(random, rows, width, 3).values();
        final ExpectedProduct expected = ExpectedProduct.of(weights, in.floats(), dtype == DType.F8 ? in.floats() : rounded(in.floats()), bias, output,
                half, before);
        final float[] actual = packed(weights, in, bias, output, before);
        Numbers.assertWithin(actual, expected.values(), expected.bounds());
        final int row = random.nextInt(rows);
        Numbers.assertSameBits(packed(weights, in.row(row), bias, output, Arrays.copyOfRange(before, row * width, (row + 1) * width)),
                Arrays.copyOfRange(actual, row * width, (row + 1) * width));
    }

    private static float[] packed(final PackedMatrix[] weights, final HalfRows in, final float[] bias, final ProductOutput output, final float[] before) {
        final DType dtype = weights[0].dtype();
        final int columns = in.width();
        return results(output, in.kind(), in.rows() * weights[0].rows(), before, (device, out) -> {
            long activations = device.address(in.segment());
            if (dtype != DType.F8) {
                final MemorySegment rounded = device.memory().bytes((long) in.rows() * columns / 32 * BLOCK_BYTES);
                device.run(new MatrixCall.RoundActivations(in.kind(), activations, rounded.address(), in.rows(), columns, columns));
                activations = rounded.address();
            }
            final Product product = Product.of(in.kind(), device.address(weights[0].bytes()), activations, out, in.rows(), weights.length * weights[0].rows(),
                    columns, output).withBias(bias == null ? 0 : device.address(bias));
            device.run(new MatrixCall.GemvPacked(product, dtype, weights.length == 1 ? 0 : device.address(weights[1].bytes()), 0));
        });
    }

    private static Tensor rounded(final Tensor in) {
        final int columns = in.width();
        final Tensor rounded = new Tensor(in.values().clone(), columns);
        for (int at = 0; at < in.values().length; at += columns) {
            final byte[] numbers = new byte[columns];
            final float[] scales = new float[columns / 32];
            ActivationRounding.roundRow(in.values(), at, columns, numbers, scales);
            for (int c = 0; c < columns; c++) {
                rounded.values()[at + c] = numbers[c] * scales[c / 32];
            }
        }
        return rounded;
    }

    /** The specification's bits: numbers, scales and the sums of 16. */
    @Property(tries = 150)
    void roundsActivations(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 40) final int blocks) {
        final Random random = new Random(seed);
        final HalfRows in = HalfRows.random(random, HalfRows.kind(random), rows, 32 * blocks, new float[] {1e-6f, 1, 3e4f}[random.nextInt(3)]);
        if (random.nextInt(3) == 0) {
            Arrays.fill(in.bits(), 0, 32, (short) 0);
        }
        final byte[] actual = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes((long) rows * blocks * BLOCK_BYTES);
            device.run(new MatrixCall.RoundActivations(in.kind(), device.address(in.segment()), out.address(), rows, 32 * blocks, 32 * blocks));
            return out;
        });
        for (int r = 0; r < rows; r++) {
            final byte[] numbers = new byte[32 * blocks];
            final float[] scales = new float[blocks];
            ActivationRounding.roundRow(in.floats().values(), r * 32 * blocks, 32 * blocks, numbers, scales);
            for (int b = 0; b < blocks; b++) {
                final MemorySegment block = MemorySegment.ofArray(actual).asSlice((long) (r * blocks + b) * BLOCK_BYTES, BLOCK_BYTES);
                final int[] sums = new int[2];
                for (int c = 0; c < 32; c++) {
                    final int place = c % 16 / 4 * 8 + c / 16 * 4 + c % 4;
                    assertThat(block.get(ValueLayout.JAVA_BYTE, place)).isEqualTo(numbers[32 * b + c]);
                    sums[c / 16] += numbers[32 * b + c];
                }
                assertThat(block.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, FACTORS_AT)).isEqualTo(scales[b]);
                assertThat(block.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, FACTORS_AT + 1)).isEqualTo(sums[0]);
                assertThat(block.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, FACTORS_AT + 2)).isEqualTo(sums[1]);
            }
        }
    }

    /** A packed matrix as halves: its values, rounded. */
    @Property(tries = 100)
    void expands(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 40) final int rows) {
        final Random random = new Random(seed);
        final DType dtype = PACKED[random.nextInt(PACKED.length)];
        final DType half = HalfRows.kind(random);
        final PackedMatrix matrix = Matrices.random(random, dtype, rows, dtype.blockColumns() * (1 + random.nextInt(dtype.blockColumns() == 256 ? 2 : 10)));
        final byte[] actual = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(2L * rows * matrix.columns());
            device.run(new MatrixCall.Expand(dtype, half, device.address(matrix.bytes()), out.address(), rows, matrix.columns()));
            return out;
        });
        final float[] row = new float[matrix.columns()];
        for (int r = 0; r < rows; r++) {
            matrix.readRow(r, row, 0);
            for (int c = 0; c < row.length; c++) {
                assertThat(MemorySegment.ofArray(actual).getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, (long) r * row.length + c))
                    .isEqualTo(HalfRows.fromFloat(half, row[c]));
            }
        }
    }

    @Test
    void productsThatNoKernelTakesAreRefused() {
        assertThatThrownBy(() -> Product.of(DType.F16, 1, 1, 1, 1, 4, 12, ProductOutput.HALF)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Product.of(DType.F32, 1, 1, 1, 1, 4, 16, ProductOutput.HALF)).hasMessageContaining("halves, not F32");
        assertThatThrownBy(() -> Product.of(DType.F16, 1, 1, 1, 1, 3, 16, ProductOutput.SWIGLU)).hasMessageContaining("gates");
        final Product product = Product.of(DType.F16, 1, 1, 1, 1, 4, 16, ProductOutput.SWIGLU);
        assertThatThrownBy(() -> new MatrixCall.GemvPacked(product, DType.Q8_0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MatrixCall.GemvPacked(product, DType.F16, 1, 0)).hasMessageContaining("not packed");
    }
}
