package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which kernels are chosen. */
class ProductPlanTest {
    private static final ProductPlan HOPPER = new ProductPlan(132, true, false, 1);
    private static final ProductPlan OTHER = new ProductPlan(108, false, false, 1);
    private static final ProductPlan INVARIANT = new ProductPlan(132, true, true, 1);

    private static List<String> halves(final ProductPlan plan, final int rows) {
        return plan.launches(Product.of(DType.BF16, 1, 1, 1, rows, 4096, 4096, ProductOutput.HALF)).stream().map(call -> call.launch().kernel()).toList();
    }

    @Test
    void kernelsFollowTheRowsUnlessBatchesMustNotMatter() {
        assertThat(halves(HOPPER, 1)).containsExactly("gemv_bf16_8");
        assertThat(halves(HOPPER, 8)).containsExactly("gemv_bf16_8");
        assertThat(halves(HOPPER, 9)).containsExactly("gemm_wide_bf16_64", "finish_splits");
        assertThat(halves(OTHER, 9)).containsExactly("gemm_bf16_32");
        final Product head = Product.of(DType.F16, 1, 1, 1, 32, 128256, 4096, ProductOutput.FLOAT);
        assertThat(HOPPER.launches(head).getFirst().launch().kernel()).isEqualTo("gemv_f16_32");
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
}
