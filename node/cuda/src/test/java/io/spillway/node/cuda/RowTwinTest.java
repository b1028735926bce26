package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Norms, gated units, embeddings and copies against their specification, over odd sizes, tails and extreme numbers. */
class RowTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    /**
     * The residual is exact. The sum of squares has only positive terms, so another order changes it by a few units in the last
     * place per addition of a lane, and its root by half of that.
     */
    @Property(tries = 400)
    void norms(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 1500) final int width,
            @ForAll final boolean isExtreme, @ForAll final boolean hasDelta) {
        final Random random = new Random(seed);
        final Tensor x = isExtreme ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 3);
        final Tensor delta = isExtreme ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 1);
        final float[] gain = Numbers.tensor(random, 1, width, 1).values();
        final Tensor sum = Numbers.copy(x);
        if (hasDelta) {
            SCALAR.add(sum, delta, rows);
        }
        final Tensor expected = Tensor.ofRows(rows, width);
        SCALAR.rmsNorm(sum, rows, new RmsNorm(gain, 1e-6f), expected);
        final MemorySegment[] residual = new MemorySegment[1];
        final float[] actual = Twins.floats(shim, device -> {
            final MemorySegment at = device.memory().of(x.values());
            final MemorySegment out = device.floats((long) rows * width);
            device.run(new RowCall.RmsNorm(at.address(), hasDelta ? device.address(delta.values()) : 0, device.address(gain), out.address(),
                    rows, width, 1e-6f));
            residual[0] = MemorySegment.ofArray(DeviceMemory.floats(at));
            return out;
        });
        Numbers.assertSameBits(DeviceMemory.floats(residual[0]), sum.values());
        final double[] bounds = new double[actual.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = Math.abs(expected.values()[i]) * (width / 16 + 32) * 0x1p-24 + 1e-37;
        }
        Numbers.assertWithin(actual, expected.values(), bounds);
    }

    @Property(tries = 500)
    void gatedUnits(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 2100) final int width,
            @ForAll final boolean sideBySide) {
        final Random random = new Random(seed);
        final Tensor gate = seed % 2 == 0 ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 40);
        final Tensor up = seed % 3 == 0 ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 2);
        final Tensor expected = Numbers.copy(gate);
        SCALAR.swiGlu(expected, up, rows);
        final int stride = sideBySide ? 2 * width : width;
        final float[] actual = Twins.floats(shim, device -> {
            final MemorySegment at = device.floats((long) rows * stride);
            final MemorySegment other = sideBySide ? at.asSlice(width * 4L) : device.memory().of(up.values());
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(MemorySegment.ofArray(gate.values()), r * width * 4L, at, r * stride * 4L, width * 4L);
                MemorySegment.copy(MemorySegment.ofArray(up.values()), r * width * 4L, other, r * stride * 4L, width * 4L);
            }
            device.run(new RowCall.SwiGlu(at.address(), other.address(), rows, width, stride, stride));
            final MemorySegment out = device.floats((long) rows * width);
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(at, r * stride * 4L, out, r * width * 4L, width * 4L);
            }
            return out;
        });
        Numbers.assertSameBits(actual, expected.values());
    }

    @Property(tries = 300)
    void embeddings(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 5) final int rows, @ForAll @IntRange(min = 1, max = 11) final int size) {
        final Random random = new Random(seed);
        final DType dtype = new DType[] {DType.F16, DType.BF16, DType.Q8_0}[random.nextInt(3)];
        final PackedMatrix matrix = Matrices.random(random, dtype, 1 + random.nextInt(150), dtype == DType.Q8_0 ? 32 * size : 29 * size);
        final int[] tokens = random.ints(rows, 0, matrix.rows()).toArray();
        final float[] expected = new float[rows * matrix.columns()];
        for (int r = 0; r < rows; r++) {
            matrix.readRow(tokens[r], expected, r * matrix.columns());
        }
        final float[] actual = Twins.floats(shim, device -> {
            final MemorySegment out = device.floats(expected.length);
            device.run(new RowCall.Embed(dtype, device.address(matrix.bytes()), device.address(tokens), out.address(), rows, matrix.columns()));
            return out;
        });
        Numbers.assertSameBits(actual, expected);
    }

    /** Blocks out of a slab into one place, and back into other blocks: nothing else changes. */
    @Property(tries = 300)
    void copies(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int pieces, @ForAll @IntRange(min = 1, max = 5000) final int bytes) {
        final Random random = new Random(seed);
        final byte[] slab = new byte[bytes * (pieces + 3)];
        random.nextBytes(slab);
        final long[] from = places(random, pieces, bytes);
        final long[] to = places(random, pieces, bytes);
        final byte[] expected = new byte[slab.length];
        for (int p = 0; p < pieces; p++) {
            System.arraycopy(slab, (int) from[p], expected, (int) to[p], bytes);
        }
        final byte[] actual = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(slab.length);
            device.run(new RowCall.CopyPieces(device.address(MemorySegment.ofArray(slab)), device.address(from), out.address(), device.address(to),
                    pieces, bytes));
            return out;
        });
        assertThat(actual).isEqualTo(expected);
    }

    private static long[] places(final Random random, final int pieces, final int bytes) {
        final java.util.List<Integer> all = new java.util.ArrayList<>();
        for (int i = 0; i < pieces + 3; i++) {
            all.add(i);
        }
        java.util.Collections.shuffle(all, random);
        return all.subList(0, pieces).stream().mapToLong(i -> (long) i * bytes).toArray();
    }
}
