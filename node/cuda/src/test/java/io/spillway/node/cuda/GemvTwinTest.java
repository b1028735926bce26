package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.ActivationRounding;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
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
 * Products with few rows against their specification. Sums run in another order: the error of each is at most half a unit in the
 * last place of the sum of magnitudes per addition, in both.
 */
class GemvTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 150)
    void halves(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int rows, @ForAll @IntRange(min = 1, max = 70) final int outputs,
            @ForAll @IntRange(min = 1, max = 400) final int columns) {
        final Random random = new Random(seed);
        final DType dtype = random.nextBoolean() ? DType.F16 : DType.BF16;
        final PackedMatrix matrix = Matrices.random(random, dtype, outputs, columns);
        final Tensor in = Numbers.tensor(random, rows, columns, random.nextInt(5) == 0 ? 1e20f : 1);
        final Tensor expected = Tensor.ofRows(rows, outputs);
        SCALAR.project(in, rows, new PackedMatrix[] {matrix}, new Tensor[] {expected});
        final float[] actual = halves(matrix, in, rows);
        Numbers.assertWithin(actual, expected.values(), bounds(matrix, in, rows));
        // What a row gives does not depend on the rows beside it.
        final int row = random.nextInt(rows);
        final Tensor alone = new Tensor(Arrays.copyOfRange(in.values(), row * columns, (row + 1) * columns), columns);
        Numbers.assertSameBits(halves(matrix, alone, 1), Arrays.copyOfRange(actual, row * outputs, (row + 1) * outputs));
    }

    private static float[] halves(final PackedMatrix matrix, final Tensor in, final int rows) {
        return Twins.floats(shim, device -> {
            final MemorySegment out = device.floats((long) rows * matrix.rows());
            device.run(new MatrixCall.GemvHalves(matrix.dtype(), device.address(matrix.bytes()), device.address(in.values()), out.address(), rows,
                    matrix.rows(), matrix.columns()));
            return out;
        });
    }

    @Property(tries = 180)
    void q8(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int rows, @ForAll @IntRange(min = 1, max = 70) final int outputs,
            @ForAll @IntRange(min = 1, max = 40) final int blocks) {
        final Random random = new Random(seed);
        final int columns = 32 * blocks;
        final PackedMatrix matrix = Matrices.random(random, DType.Q8_0, outputs, columns);
        final Tensor in = Numbers.tensor(random, rows, columns, new float[] {1e-20f, 1, 1, 1e20f}[random.nextInt(4)]);
        if (random.nextInt(4) == 0) {
            Arrays.fill(in.values(), 0, 32, 0f);
        }
        final Tensor expected = Tensor.ofRows(rows, outputs);
        SCALAR.project(in, rows, new PackedMatrix[] {matrix}, new Tensor[] {expected});
        final byte[] rounded = new byte[rows * columns];
        final float[] scales = new float[rows * blocks];
        round(in, rows, rounded, scales);
        final byte[][] actualRounded = new byte[2][];
        final float[] actual = Twins.floats(shim, device -> {
            final MemorySegment numbers = device.memory().bytes(rounded.length);
            final MemorySegment factors = device.floats(scales.length);
            final MemorySegment out = device.floats((long) rows * outputs);
            device.run(new MatrixCall.RoundActivations(device.address(in.values()), numbers.address(), factors.address(), rows, columns));
            device.run(new MatrixCall.GemvQ8(device.address(matrix.bytes()), numbers.address(), factors.address(), out.address(), rows, outputs, columns));
            actualRounded[0] = DeviceMemory.bytes(numbers);
            actualRounded[1] = DeviceMemory.bytes(factors);
            return out;
        });
        assertThat(actualRounded[0]).isEqualTo(rounded);
        assertThat(MemorySegment.ofArray(actualRounded[1]).mismatch(MemorySegment.ofArray(scales))).isEqualTo(-1);
        final Tensor asRounded = Tensor.ofRows(rows, columns);
        for (int i = 0; i < rounded.length; i++) {
            asRounded.values()[i] = rounded[i] * scales[i / 32];
        }
        Numbers.assertWithin(actual, expected.values(), bounds(matrix, asRounded, rows));
    }

    private static void round(final Tensor in, final int rows, final byte[] rounded, final float[] scales) {
        final int columns = in.width();
        for (int r = 0; r < rows; r++) {
            final byte[] row = new byte[columns];
            final float[] rowScales = new float[columns / 32];
            ActivationRounding.roundRow(in.values(), r * columns, columns, row, rowScales);
            System.arraycopy(row, 0, rounded, r * columns, columns);
            System.arraycopy(rowScales, 0, scales, r * columns / 32, columns / 32);
        }
    }

    private static double[] bounds(final PackedMatrix matrix, final Tensor in, final int rows) {
        final double[] bounds = new double[rows * matrix.rows()];
        final float[] weights = new float[matrix.columns()];
        for (int n = 0; n < matrix.rows(); n++) {
            matrix.readRow(n, weights, 0);
            for (int r = 0; r < rows; r++) {
                double magnitudes = 0;
                for (int k = 0; k < weights.length; k++) {
                    magnitudes += Math.abs((double) in.values()[r * in.width() + k] * weights[k]);
                }
                bounds[r * matrix.rows() + n] = magnitudes * (weights.length + 64) * 0x1p-24 + 1e-36;
            }
        }
        return bounds;
    }
}
