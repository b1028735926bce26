package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import java.util.List;

/**
 * Which kernels compute a product by a matrix of halves. In batch-invariant mode they are the same for any number of rows, and a row's result does
 * not depend on it. Values only; any thread.
 *
 * @param processors    of the device
 * @param hasWarpgroups whether it is an sm_90
 * @param invariant     whether batches must not matter
 * @param workspace     {@link #WORKSPACE_BYTES} that no other launch uses meanwhile; zero before the first launch
 */
public record ProductPlan(int processors, boolean hasWarpgroups, boolean invariant, long workspace) {
    private static final long COUNTER_BYTES = 4096;
    /** Bytes that any product may need. */
    public static final long WORKSPACE_BYTES = Math.max(MatrixCall.Gemm.WORKSPACE_BYTES, COUNTER_BYTES + WideCall.WORKSPACE_BYTES);
    private static final int TILE_LEAST = 8;
    private static final int TILE_MAX = 128;
    private static final int INVARIANT_TILE_LEAST = 32;

    /** @return launches, in order */
    public List<KernelCall> launches(final Product product) {
        if (invariant) {
            return List.of(new MatrixCall.Gemm(product, workspace, true));
        }
        final MatrixCall.Gemv gemv = new MatrixCall.Gemv(product);
        if (product.experts().exist() ? product.experts().tileRows() <= MatrixCall.Gemv.ROWS_MAX : product.rows() <= gemv.rowsSuited()) {
            return List.of(gemv);
        }
        return hasWarpgroups ? WideCall.of(product, workspace + COUNTER_BYTES, processors) : List.of(new MatrixCall.Gemm(product, workspace, false));
    }

    /**
     * @param dtype of the experts' matrices: halves or packed
     * @return rows of a piece of work, where so many rows use {@code chosen} of {@code experts} each: about what an expert gets
     */
    public int tileRows(final DType dtype, final int rows, final int chosen, final int experts) {
        final boolean isPacked = dtype != DType.F16 && dtype != DType.BF16;
        final int most = dtype == DType.F8 ? TILE_LEAST : isPacked ? MatrixCall.GemvPacked.ROWS_MAX : TILE_MAX;
        int tile = invariant && !isPacked ? INVARIANT_TILE_LEAST : TILE_LEAST;
        while (tile < most && (long) tile * experts < (long) rows * chosen) {
            tile *= 2;
        }
        return tile;
    }
}
