package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;

/** Products with many rows against their specification: every shape of tile, split and not. */
class GemmTwinTest {
    private static final int COUNTERS = 1024;
    private static final int PROCESSORS = 5; // some of which take several tiles
    private static Shim shim;

    private enum Way { FAST, INVARIANT, WIDE }

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 40)
    void tiles(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 180) final int rows, @ForAll @IntRange(min = 1, max = 90) final int outputPairs,
            @ForAll @IntRange(min = 1, max = 40) final int eights) {
        check(new Random(seed), rows, 2 * outputPairs, 8 * eights);
    }

    /** Long enough to be split. */
    @Property(tries = 12)
    void splits(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 70) final int rows, @ForAll @IntRange(min = 1, max = 20) final int outputPairs,
            @ForAll @IntRange(min = 128, max = 230) final int eights) {
        check(new Random(seed), rows, 2 * outputPairs, 8 * eights);
    }

    private static void check(final Random random, final int rows, final int outputs, final int columns) {
        final DType half = HalfRows.kind(random);
        final ProductOutput output = ProductOutput.values()[random.nextInt(ProductOutput.values().length)];
        final HalfRows weights = HalfRows.random(random, half, outputs, columns, 0.1f);
        final HalfRows in = HalfRows.random(random, half, rows, columns, 1);
        final float[] bias = random.nextBoolean() ? Numbers.tensor(random, 1, outputs, 1).values() : null;
        final float[] before = Numbers.tensor(random, rows, outputs, 3).values();
        final Way way = Way.values()[random.nextInt(Way.values().length)];
        final float[] actual = products(weights, in, bias, output, before, way);
        final PackedMatrix[] parts = output.isGated() ? new PackedMatrix[] {weights.part(0, outputs / 2).packed(), weights.part(outputs / 2, outputs / 2).packed()}
            : new PackedMatrix[] {weights.packed()};
        final ExpectedProduct expected = ExpectedProduct.of(parts, in.floats(), in.floats(), bias, output, half, before);
        Numbers.assertWithin(actual, expected.values(), expected.bounds());
        if (way == Way.INVARIANT) {
            final int first = random.nextInt(rows);
            final int count = 1 + random.nextInt(Math.min(rows - first, 40));
            final int width = actual.length / rows;
            Numbers.assertSameBits(products(weights, in.part(first, count), bias, output, Arrays.copyOfRange(before, first * width, (first + count) * width), way),
                    Arrays.copyOfRange(actual, first * width, (first + count) * width));
        }
    }

    private static float[] products(final HalfRows weights, final HalfRows in, final float[] bias, final ProductOutput output, final float[] before,
            final Way way) {
        final int count = in.rows() * (output.isGated() ? weights.rows() / 2 : weights.rows());
        final boolean areFloats = output == ProductOutput.FLOAT || output == ProductOutput.ADD;
        final byte[] bytes = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes((areFloats ? 4L : 2L) * count);
            if (output == ProductOutput.ADD) {
                MemorySegment.copy(MemorySegment.ofArray(before), 0, out, 0, 4L * count);
            }
            final MemorySegment workspace = device.memory().bytes(WideCall.WORKSPACE_BYTES);
            final Product product = Product.of(in.kind(), device.address(weights.segment()), device.address(in.segment()), out.address(), in.rows(),
                    weights.rows(), in.width(), output).withBias(bias == null ? 0 : device.address(bias));
            if (way == Way.WIDE) {
                WideCall.of(product, workspace.address(), 1 + in.rows() % PROCESSORS).forEach(device::run);
                return out;
            }
            device.run(new MatrixCall.Gemm(product, workspace.address(), way == Way.INVARIANT));
            for (int i = 0; i < COUNTERS; i++) {
                assertThat(workspace.getAtIndex(ValueLayout.JAVA_INT, i)).isZero(); // for the next launch
            }
            return out;
        });
        return areFloats ? MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED) : HalfRows.floats(in.kind(), bytes);
    }

    @Test
    void wideProductsAreSplitWhereProcessorsWouldBeIdle() {
        final Product few = Product.of(DType.BF16, 1, 1, 1, 64, 4096, 4096, ProductOutput.HALF);
        assertThat(WideCall.of(few, 1, 132)).extracting(call -> call.launch().kernel()).containsExactly("gemm_wide_bf16_64", "finish_splits");
        assertThat(WideCall.of(few, 1, 132).getFirst().launch().grid()).isEqualTo(Extent.of(128));
        final Product many = Product.of(DType.F16, 1, 1, 1, 8192, 4096, 4096, ProductOutput.HALF);
        assertThat(WideCall.of(many, 1, 132)).extracting(call -> call.launch().kernel()).containsExactly("gemm_wide_f16_256");
        assertThat(WideCall.of(many, 1, 132).getFirst().launch().grid()).isEqualTo(Extent.of(132));
    }

    @Test
    void fewTilesAreSplitUnlessBatchesMustNotMatter() {
        final Product product = Product.of(DType.BF16, 1, 1, 1, 64, 4096, 4096, ProductOutput.HALF);
        assertThat(new MatrixCall.Gemm(product, 1, false).launch().grid()).isEqualTo(new Extent(64, 1, 5));
        assertThat(new MatrixCall.Gemm(product, 1, true).launch().grid()).isEqualTo(new Extent(64, 1, 1));
        assertThat(new MatrixCall.Gemm(Product.of(DType.BF16, 1, 1, 1, 8192, 4096, 4096, ProductOutput.HALF), 1, false).launch().grid())
            .isEqualTo(new Extent(32, 64, 1));
        assertThat(new MatrixCall.Gemm(Product.of(DType.BF16, 1, 1, 1, 128, 128, 14336, ProductOutput.HALF), 1, false).launch().grid().z()).isEqualTo(8);
    }
}
