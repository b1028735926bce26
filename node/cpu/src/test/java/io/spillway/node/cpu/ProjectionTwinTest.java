package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.ActivationRounding;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Projections of every weight format against their specification, bit for bit, over odd rows, outputs and columns. */
class ProjectionTwinTest {
    private static CpuBackend backend;
    private static TensorOps vector;
    /** With {@link WideProducts} where this machine does without them, and the other way round. */
    private static TensorOps otherVector;
    private static final TensorOps SCALAR = new ScalarOps();

    @BeforeContainer
    static void start() {
        backend = CpuBackend.start(3);
        vector = backend.newOps();
        otherVector = new VectorOps(backend.workers(), !WideProducts.USED);
    }

    @AfterContainer
    static void stop() {
        vector.close();
        otherVector.close();
        backend.close();
    }

    @Property(tries = 250)
    void fewRows(@ForAll final long seed, @ForAll final DType dtype, @ForAll @IntRange(min = 1, max = 40) final int rows,
            @ForAll @IntRange(min = 1, max = 150) final int outputs, @ForAll @IntRange(min = 1, max = 5) final int blocks) {
        assertTwins(new Random(seed), dtype, rows, outputs, columns(dtype, blocks));
    }

    /** Deeper than what kernels go through at once, more rows than one piece. */
    @Property(tries = 20)
    void manyRows(@ForAll final long seed, @ForAll final DType dtype) {
        assertTwins(new Random(seed), dtype, 133, 65, 1024 + Math.max(32, dtype.blockColumns()));
    }

    /** Alone, the whole depth is one loop. */
    @Property(tries = 30)
    void oneDeepRow(@ForAll final long seed, @ForAll final DType dtype) {
        assertTwins(new Random(seed), dtype, 1, 70, 4096 + Math.max(32, dtype.blockColumns()));
    }

    /** Every product at its largest magnitude: sums of integers stay exact. */
    @Property(tries = 60)
    void extremes(@ForAll final long seed, @ForAll final DType dtype, @ForAll @IntRange(min = 1, max = 20) final int rows) {
        final int columns = columns(dtype, 3);
        final Random random = new Random(seed);
        try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(dtype, 64, columns))) {
            final PackedMatrix matrix = RandomMatrix.fill(random, slab, dtype, 64, columns);
            if (dtype.isInteger()) {
                largest(matrix, (byte) (random.nextBoolean() ? 0x80 : 0xFF));
            }
            final Tensor in = Tensor.ofRows(rows, columns);
            final float value = random.nextBoolean() ? 3f : -3f;
            for (int i = 0; i < in.values().length; i++) {
                in.values()[i] = value;
            }
            assertTwins(in, rows, new PackedMatrix[] {matrix});
        }
    }

    /** Weights and activations of either sign at their largest, in every mixture: sums within a wide product stay in their places. */
    @Property(tries = 60)
    void mixedExtremes(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 20) final int rows) {
        final Random random = new Random(seed);
        final int columns = 96;
        for (final DType dtype : new DType[] {DType.Q8_0, DType.Q4_0}) {
            try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(dtype, 64, columns))) {
                final PackedMatrix matrix = RandomMatrix.fill(random, slab, dtype, 64, columns);
                final byte[] extremes = dtype == DType.Q8_0 ? new byte[] {-128, 127, -127} : new byte[] {0x00, (byte) 0xFF, 0x0F};
                final int likely = random.nextInt(3);
                for (long block = 0; block < PackedMatrix.sizeBytes(dtype, 64, columns); block += dtype.panelBlockBytes()) {
                    for (int i = 0; i < (dtype == DType.Q8_0 ? 512 : 256); i++) {
                        matrix.bytes().set(ValueLayout.JAVA_BYTE, block + i, extremes[random.nextInt(4) == 0 ? random.nextInt(3) : likely]);
                    }
                }
                final Tensor in = Tensor.ofRows(rows, columns);
                final int negative = random.nextInt(1, 10);
                for (int i = 0; i < in.values().length; i++) {
                    in.values()[i] = random.nextInt(10) < negative ? -3f : 3f;
                }
                assertTwins(in, rows, new PackedMatrix[] {matrix});
            }
        }
    }

    private static void largest(final PackedMatrix matrix, final byte value) {
        final int integers = switch (matrix.dtype()) {
            case Q4_0, Q4_M -> 256;
            case Q4_K, Q6_K -> 0;
            default -> 512;
        };
        for (long block = 0; block < PackedMatrix.sizeBytes(matrix.dtype(), 64, matrix.columns()); block += matrix.dtype().panelBlockBytes()) {
            matrix.bytes().asSlice(block, integers).fill(value);
            for (int part = 0; matrix.dtype() == DType.Q4_K && part < 8; part++) {
                matrix.bytes().asSlice(block + 64 + part * 288L, 256).fill(value);
            }
            for (int part = 0; matrix.dtype() == DType.Q6_K && part < 8; part++) {
                matrix.bytes().asSlice(block + 32 + part * 416L, 384).fill(value == -1 ? value : 0);
            }
        }
    }

    /** Blocks of zeros, of numbers whose inverse overflows, of infinities and NaN: rounded as the specification says. */
    @Property(tries = 60)
    void extraordinaryActivations(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int rows) {
        final Random random = new Random(seed);
        final int columns = 256;
        final Tensor in = random(random, rows, columns);
        for (int at = 0; at < in.values().length; at += ActivationRounding.BLOCK) {
            final float factor = new float[] {0f, -0f, 1e-37f, 1e-44f, 1e30f, 1f, 3e38f}[random.nextInt(7)];
            for (int i = 0; i < ActivationRounding.BLOCK; i++) {
                in.values()[at + i] *= factor;
            }
            if (random.nextInt(8) == 0) {
                in.values()[at + random.nextInt(32)] = random.nextBoolean() ? Float.NaN : Float.NEGATIVE_INFINITY;
            }
        }
        for (final DType dtype : DType.values()) {
            try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(dtype, 64, columns))) {
                assertTwins(in, rows, new PackedMatrix[] {RandomMatrix.fill(random, slab, dtype, 64, columns)});
            }
        }
    }

    /** Matrices that meet the same input need not be stored alike. */
    @Example
    void mixedFormats() {
        final Random random = new Random(7);
        final DType[] dtypes = DType.values();
        final Slab[] slabs = new Slab[dtypes.length];
        final PackedMatrix[] matrices = new PackedMatrix[dtypes.length];
        for (int i = 0; i < dtypes.length; i++) {
            slabs[i] = Slab.allocate(PackedMatrix.sizeBytes(dtypes[i], 100, 512));
            matrices[i] = RandomMatrix.fill(random, slabs[i], dtypes[i], 100, 512);
        }
        assertTwins(random(random, 19, 512), 19, matrices);
        assertTwins(random(random, 1, 512), 1, matrices);
        for (final Slab slab : slabs) {
            slab.close();
        }
    }

    private static int columns(final DType dtype, final int blocks) {
        return dtype.blockColumns() == 1 ? 7 * blocks : dtype.blockColumns() * blocks;
    }

    private static Tensor random(final Random random, final int rows, final int width) {
        final Tensor tensor = Tensor.ofRows(rows, width);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = (float) random.nextGaussian();
        }
        return tensor;
    }

    private static void assertTwins(final Random random, final DType dtype, final int rows, final int outputs, final int columns) {
        try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(dtype, outputs, columns))) {
            assertTwins(random(random, rows, columns), rows, new PackedMatrix[] {RandomMatrix.fill(random, slab, dtype, outputs, columns)});
        }
    }

    private static void assertTwins(final Tensor in, final int rows, final PackedMatrix[] matrices) {
        final Tensor[] expected = outputs(rows, matrices);
        SCALAR.project(in, rows, matrices, expected);
        assertEqual(vector, in, rows, matrices, expected);
        assertEqual(otherVector, in, rows, matrices, expected);
    }

    private static void assertEqual(final TensorOps ops, final Tensor in, final int rows, final PackedMatrix[] matrices, final Tensor[] expected) {
        final Tensor[] actual = outputs(rows, matrices);
        ops.project(in, rows, matrices, actual);
        for (int i = 0; i < matrices.length; i++) {
            for (int at = 0; at < expected[i].values().length; at++) {
                // floatToIntBits: which NaN an operation makes is the processor's choice.
                if (Float.floatToIntBits(actual[i].values()[at]) != Float.floatToIntBits(expected[i].values()[at])) {
                    assertThat(actual[i].values()[at]).as("%s [%d rows]: element %d", matrices[i].dtype(), rows, at)
                            .isEqualTo(expected[i].values()[at]);
                }
            }
        }
    }

    private static Tensor[] outputs(final int rows, final PackedMatrix[] matrices) {
        final Tensor[] outs = new Tensor[matrices.length];
        for (int i = 0; i < outs.length; i++) {
            outs[i] = Tensor.ofRows(rows, matrices[i].rows());
        }
        return outs;
    }
}
