package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;

/** Which kernels are chosen, and that what is chosen computes the product. */
class ProductPlanTest {
    private static final ProductPlan HOPPER = new ProductPlan(132, true, false, 1);
    private static final ProductPlan OTHER = new ProductPlan(108, false, false, 1);
    private static final ProductPlan INVARIANT = new ProductPlan(132, true, true, 1);
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    private static List<String> halves(final ProductPlan plan, final int rows) {
        return plan.halves(Product.of(DType.BF16, 1, 1, 1, rows, 4096, 4096, ProductOutput.HALF)).stream().map(call -> call.launch().kernel()).toList();
    }

    @Test
    void kernelsFollowTheRowsUnlessBatchesMustNotMatter() {
        assertThat(halves(HOPPER, 1)).containsExactly("gemv_bf16_8");
        assertThat(halves(HOPPER, 32)).containsExactly("gemv_bf16_32");
        assertThat(halves(HOPPER, 33)).containsExactly("gemm_wide_bf16_64", "finish_splits");
        assertThat(halves(HOPPER, 4096)).containsExactly("gemm_wide_bf16_256");
        assertThat(halves(OTHER, 33)).containsExactly("gemm_bf16_64");
        assertThat(halves(OTHER, 4096)).containsExactly("gemm_bf16_128");
        assertThat(halves(INVARIANT, 1)).containsExactly("gemm_bf16_32");
        assertThat(halves(INVARIANT, 4096)).containsExactly("gemm_bf16_128");
    }

    @Test
    void piecesOfWorkAreAboutWhatAnExpertGets() {
        assertThat(HOPPER.tileRows(DType.BF16, 1, 8, 128)).isEqualTo(8);
        assertThat(HOPPER.tileRows(DType.BF16, 256, 8, 128)).isEqualTo(16);
        assertThat(HOPPER.tileRows(DType.BF16, 8192, 8, 128)).isEqualTo(128);
        assertThat(HOPPER.tileRows(DType.Q4_M, 8192, 4, 32)).isEqualTo(16);
        assertThat(HOPPER.tileRows(DType.F8, 8192, 4, 32)).isEqualTo(8);
        assertThat(INVARIANT.tileRows(DType.F16, 1, 8, 128)).isEqualTo(32);
    }

    /** Few rows meet rounded activations, many the expanded matrix: as far from the specification as activations are rounded. */
    @Property(tries = 16)
    void packedProductsOfAnyNumberOfRows(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 90) final int rows,
            @ForAll @IntRange(min = 1, max = 20) final int width, @ForAll final boolean invariant) {
        final Random random = new Random(seed);
        final DType dtype = new DType[] {DType.Q4_K, DType.Q8_0, DType.F8, DType.Q6_K}[random.nextInt(4)];
        final int columns = 256;
        final boolean isGated = random.nextBoolean();
        final ProductOutput output = isGated ? ProductOutput.SWIGLU : ProductOutput.FLOAT;
        final HalfRows in = HalfRows.random(random, DType.BF16, rows, columns, 1);
        final PackedMatrix[] weights = new PackedMatrix[isGated ? 2 : 1];
        Arrays.setAll(weights, i -> Matrices.random(random, dtype, width, columns));
        final boolean hasWarpgroups = random.nextBoolean();
        final byte[] bytes = Twins.run(shim, device -> {
            final ProductPlan plan = new ProductPlan(4, hasWarpgroups, invariant, device.memory().bytes(ProductPlan.WORKSPACE_BYTES).address());
            final ProductPlan.Scratch scratch = new ProductPlan.Scratch(
                    device.memory().bytes((long) rows * columns / 32 * MatrixCall.RoundActivations.BLOCK_BYTES).address(),
                    device.memory().bytes(4L * width * columns).address());
            final MemorySegment out = device.memory().bytes((isGated ? 2L : 4L) * rows * width);
            final Product product = Product.of(DType.BF16, device.address(weights[0].bytes()), device.address(in.segment()), out.address(), rows,
                    width * weights.length, columns, output);
            plan.packed(product, new ProductPlan.Packing(dtype, isGated ? device.address(weights[1].bytes()) : 0, 0), scratch).forEach(device::run);
            return out;
        });
        final float[] actual = isGated ? HalfRows.floats(DType.BF16, bytes) : MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        final float[] exact = exact(weights, in, isGated);
        double difference = 0;
        double magnitude = 1e-6;
        for (int i = 0; i < exact.length; i++) {
            difference += Math.pow(actual[i] - exact[i], 2);
            magnitude += Math.pow(exact[i], 2);
        }
        assertThat(Math.sqrt(difference / magnitude)).isLessThan(0.05);
    }

    private static float[] exact(final PackedMatrix[] weights, final HalfRows in, final boolean isGated) {
        final int width = weights[0].rows();
        final float[] out = new float[in.rows() * width];
        final float[] row = new float[in.width()];
        final float[] x = in.floats().values();
        for (int w = 0; w < weights.length; w++) {
            for (int n = 0; n < width; n++) {
                weights[w].readRow(n, row, 0);
                for (int r = 0; r < in.rows(); r++) {
                    double sum = 0;
                    for (int k = 0; k < row.length; k++) {
                        sum += (double) row[k] * x[r * row.length + k];
                    }
                    final int at = r * width + n;
                    out[at] = w == 0 ? (float) sum : ExpectedProduct.unit(ProductOutput.SWIGLU, out[at], (float) sum);
                }
            }
        }
        return out;
    }
}
