package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Norms, gated units, biases, caps and embeddings against their specification, over odd sizes, tails and extreme numbers. */
class RowTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static final DType[] WIDTHS = {DType.F16, DType.BF16, DType.F32};
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    /** Like {@link Numbers#extremes}, as large as a sum of squares bears. */
    private static Tensor numbers(final Random random, final int rows, final int width, final DType type, final boolean isExtreme) {
        final Tensor tensor = isExtreme ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 3);
        return new Tensor(Halves.rounded(tensor.values(), type), width);
    }

    /**
     * Without a norm of its own the delta is added exactly. A sum of squares has only positive terms, so another order changes it by a
     * few units in the last place per addition of a lane, and its root by half of that; a half rounds by 2⁻⁹ or 2⁻¹² more.
     */
    @Property(tries = 900, edgeCases = EdgeCasesMode.NONE)
    void norms(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 1500) final int size) {
        final Random random = new Random(seed);
        final int width = random.nextInt(40) == 0 ? 8200 + 8 * random.nextInt(3) : random.nextBoolean() ? (size + 7) / 8 * 8 : size;
        final boolean hasDelta = random.nextInt(4) > 0;
        final DType deltaType = WIDTHS[random.nextInt(3)];
        final DType outType = WIDTHS[random.nextInt(3)];
        final boolean isExtreme = outType == DType.F32 && random.nextInt(3) == 0;
        final Tensor x = numbers(random, rows, width, DType.F32, isExtreme);
        final Tensor delta = numbers(random, rows, width, deltaType, isExtreme);
        final float[] gain = Numbers.tensor(random, 1, width, 1).values();
        final Tensor sum = Numbers.copy(x);
        if (hasDelta) {
            SCALAR.add(sum, delta, rows);
        }
        final Tensor expected = Tensor.ofRows(rows, width);
        SCALAR.rmsNorm(sum, rows, new RmsNorm(gain, 1e-6f), expected);
        final float[][] residual = new float[1][];
        final float[] actual = Halves.floats(Twins.run(shim, device -> {
            final MemorySegment at = device.memory().of(x.values());
            final MemorySegment out = device.memory().bytes(Halves.bytes((long) rows * width, outType));
            final RowCall.Delta taken = hasDelta
                    ? RowCall.Delta.of(new Values(device.address(Halves.of(delta.values(), deltaType)), deltaType)) : RowCall.Delta.NONE;
            device.run(new RowCall.RmsNorm(at.address(), taken, device.address(gain), new Values(out.address(), outType), rows, width, 1e-6f));
            residual[0] = DeviceMemory.floats(at);
            return out;
        }), outType);
        Numbers.assertSameBits(residual[0], sum.values());
        Numbers.assertWithin(actual, expected.values(), bounds(expected.values(), width, outType));
    }

    private static double[] bounds(final float[] expected, final int width, final DType type) {
        final double unit = (width / 16 + 32) * 0x1p-24 + (type == DType.F16 ? 0x1p-11 : type == DType.BF16 ? 0x1p-8 : 0);
        final double[] bounds = new double[expected.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = Math.abs(expected[i]) * unit + (type == DType.F16 ? 0x1p-24 : 1e-37);
        }
        return bounds;
    }

    /** The delta has a norm of its own first: now the residual has the tolerance too. */
    @Property(tries = 450, edgeCases = EdgeCasesMode.NONE)
    void normsOfTheDelta(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 3) final int rows, @ForAll @IntRange(min = 1, max = 900) final int size) {
        final Random random = new Random(seed);
        final int width = random.nextBoolean() ? (size + 7) / 8 * 8 : size;
        final DType type = WIDTHS[random.nextInt(3)];
        final Tensor x = numbers(random, rows, width, DType.F32, false);
        final Tensor delta = numbers(random, rows, width, type, false);
        final float[] deltaGain = Numbers.tensor(random, 1, width, 1).values();
        final float[] gain = Numbers.tensor(random, 1, width, 1).values();
        final Tensor normed = Tensor.ofRows(rows, width);
        SCALAR.rmsNorm(delta, rows, new RmsNorm(deltaGain, 1e-5f), normed);
        final Tensor sum = Numbers.copy(x);
        SCALAR.add(sum, normed, rows);
        final Tensor expected = Tensor.ofRows(rows, width);
        SCALAR.rmsNorm(sum, rows, new RmsNorm(gain, 1e-5f), expected);
        final boolean onlyAdds = random.nextInt(4) == 0;
        final float[][] out = new float[1][];
        final float[] residual = Twins.floats(shim, device -> {
            final MemorySegment at = device.memory().of(x.values());
            final MemorySegment to = device.floats((long) rows * width);
            final RowCall.Delta taken = new RowCall.Delta(new Values(device.address(Halves.of(delta.values(), type)), type), device.address(deltaGain));
            device.run(onlyAdds ? RowCall.RmsNorm.add(at.address(), taken, rows, width, 1e-5f)
                    : new RowCall.RmsNorm(at.address(), taken, device.address(gain), new Values(to.address(), DType.F32), rows, width, 1e-5f));
            out[0] = DeviceMemory.floats(to);
            return at;
        });
        final double[] bounds = new double[residual.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = (Math.abs(normed.values()[i]) + Math.abs(x.values()[i])) * (width / 16 + 32) * 0x1p-24;
        }
        Numbers.assertWithin(residual, sum.values(), bounds);
        if (onlyAdds) {
            assertThat(out[0]).containsOnly(0f);
            return;
        }
        for (int i = 0; i < bounds.length; i++) { // an error of the residual reaches the result by its own norm and gain
            final double scale = sum.values()[i] == 0 ? 0 : Math.abs(expected.values()[i] / sum.values()[i]);
            bounds[i] = 4 * (bounds[i] * scale + Math.abs(expected.values()[i]) * (width / 16 + 32) * 0x1p-24) + 1e-6 * Math.abs(gain[i % width]);
        }
        Numbers.assertWithin(out[0], expected.values(), bounds);
    }

    /** The same halves in, the same halves out. */
    @Property(tries = 900, edgeCases = EdgeCasesMode.NONE)
    void gatedUnits(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 2100) final int size) {
        final Random random = new Random(seed);
        final int width = random.nextBoolean() ? (size + 7) / 8 * 8 : size;
        final DType type = WIDTHS[random.nextInt(2)];
        final RowCall.Unit unit = RowCall.Unit.values()[random.nextInt(3)];
        final Tensor gate = numbers(random, rows, width, type, random.nextBoolean());
        final Tensor up = numbers(random, rows, width, type, random.nextInt(3) == 0);
        final float[] in = new float[2 * rows * width];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(gate.values(), r * width, in, 2 * r * width, width);
            System.arraycopy(up.values(), r * width, in, (2 * r + 1) * width, width);
        }
        switch (unit) {
            case SWI_GLU -> SCALAR.swiGlu(gate, up, rows);
            case GE_GLU -> SCALAR.geGlu(gate, up, rows);
            case CLAMPED_SWI_GLU -> SCALAR.clampedSwiGlu(gate, up, rows);
        }
        final byte[] actual = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(Halves.bytes((long) rows * width, type));
            device.run(new RowCall.GatedUnit(unit, new Values(device.address(Halves.of(in, type)), type), out.address(), rows, width));
            return out;
        });
        Numbers.assertSameBits(Halves.floats(actual, type), Halves.rounded(gate.values(), type));
    }

    @Property(tries = 450, edgeCases = EdgeCasesMode.NONE)
    void biasesAndCaps(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 2500) final int size) {
        final Random random = new Random(seed);
        final int width = random.nextBoolean() ? (size + 7) / 8 * 8 : size;
        final DType type = WIDTHS[random.nextInt(3)];
        final Tensor x = numbers(random, rows, width, type, random.nextBoolean());
        final float[] bias = numbers(random, 1, width, DType.F32, random.nextBoolean()).values();
        final MemorySegment before = Halves.of(x.values(), type);
        SCALAR.addBias(x, rows, bias);
        final byte[] actual = Twins.run(shim, device -> {
            final MemorySegment at = device.memory().copy(before);
            device.run(new RowCall.AddBias(new Values(at.address(), type), device.address(bias), rows, width));
            return at;
        });
        Numbers.assertSameBits(Halves.floats(actual, type), Halves.rounded(x.values(), type));
        final float[] uncapped = x.values().clone();
        SCALAR.softcap(x, rows, 30f);
        Numbers.assertSameBits(Twins.floats(shim, device -> {
            final MemorySegment at = device.memory().of(uncapped);
            device.run(new RowCall.Softcap(at.address(), uncapped.length, 30f));
            return at;
        }), x.values());
    }

    /** Tokens outside the vocabulary give zeros. */
    private static int[] tokens(final Random random, final int rows, final int vocabulary) {
        return random.ints(rows, -1, vocabulary + 1).toArray();
    }

    @Property(tries = 450, edgeCases = EdgeCasesMode.NONE)
    void embeddingsOfHalves(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 5) final int rows, @ForAll @IntRange(min = 1, max = 600) final int size) {
        final Random random = new Random(seed);
        final DType type = WIDTHS[random.nextInt(2)];
        final int stride = (size + 7) / 8 * 8;
        final int vocabulary = 1 + random.nextInt(40);
        final float[] matrix = numbers(random, vocabulary, stride, type, false).values();
        final int[] tokens = tokens(random, rows, vocabulary);
        final float scale = random.nextBoolean() ? 1f : 33.94f;
        final float[] expected = new float[rows * size];
        for (int i = 0; i < expected.length; i++) {
            final int token = tokens[i / size];
            expected[i] = token < 0 || token >= vocabulary ? 0 : matrix[token * stride + i % size] * scale;
        }
        Numbers.assertSameBits(Twins.floats(shim, device -> {
            final MemorySegment out = device.floats(expected.length);
            device.run(new RowCall.EmbedRows(new Values(device.address(Halves.of(matrix, type)), type), device.address(tokens), out.address(), rows, size,
                    stride, vocabulary, scale));
            return out;
        }), expected);
    }

    @Property(tries = 675, edgeCases = EdgeCasesMode.NONE)
    void embeddingsOfPackedFormats(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 5) final int rows, @ForAll @IntRange(min = 1, max = 40) final int size) {
        final Random random = new Random(seed);
        final DType dtype = DType.values()[DType.F8.ordinal() + random.nextInt(DType.values().length - DType.F8.ordinal())];
        final int columns = dtype.blockColumns() * Math.max(1, size * 32 / dtype.blockColumns());
        final PackedMatrix matrix = Matrices.random(random, dtype, 1 + random.nextInt(150), columns);
        final int[] tokens = tokens(random, rows, matrix.rows());
        final float scale = random.nextBoolean() ? 1f : 11.31f;
        final float[] expected = new float[rows * columns];
        for (int r = 0; r < rows; r++) {
            if (tokens[r] >= 0 && tokens[r] < matrix.rows()) {
                matrix.readRow(tokens[r], expected, r * columns);
            }
        }
        for (int i = 0; i < expected.length; i++) {
            expected[i] *= scale;
        }
        Numbers.assertSameBits(Twins.floats(shim, device -> {
            final MemorySegment out = device.floats(expected.length);
            device.run(new RowCall.EmbedPacked(dtype, device.address(matrix.bytes()), device.address(tokens), out.address(), rows, columns, matrix.rows(),
                    scale));
            return out;
        }), expected);
    }

    /** What a bucket holds beyond its rows is left as it is. */
    @Property(tries = 225, edgeCases = EdgeCasesMode.NONE)
    void gathersRows(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int rows, @ForAll @IntRange(min = 1, max = 3000) final int bytes) {
        final Random random = new Random(seed);
        final int rowBytes = random.nextBoolean() ? (bytes + 15) / 16 * 16 : bytes;
        final byte[] in = new byte[rowBytes * 12];
        random.nextBytes(in);
        final int[] index = random.ints(rows, -1, 12).toArray();
        final byte[] expected = new byte[rowBytes * rows];
        for (int r = 0; r < rows; r++) {
            if (index[r] >= 0) {
                System.arraycopy(in, index[r] * rowBytes, expected, r * rowBytes, rowBytes);
            }
        }
        assertThat(Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(expected.length);
            device.run(new RowCall.GatherRows(device.address(MemorySegment.ofArray(in)), device.address(index), out.address(), rows, rowBytes));
            return out;
        })).isEqualTo(expected);
    }
}
