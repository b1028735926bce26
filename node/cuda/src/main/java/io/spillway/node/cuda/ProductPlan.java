package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * Which kernels compute a product. In batch-invariant mode the kernels of a matrix are the same for any number of rows, and a row's result does
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
    /** Beyond so many rows reading packed weights again costs more than expanding them once. */
    private static final int PACKED_ROWS_MAX = 64;
    private static final int TILE_LEAST = 8;
    private static final int TILE_MAX = 128;
    private static final int INVARIANT_TILE_LEAST = 32;

    /**
     * How a matrix is packed.
     *
     * @param ups         of a gated product: the packed ups, as many as gates; else 0
     * @param expertBytes from one expert's matrix to the next
     */
    public record Packing(DType dtype, long ups, long expertBytes) { }

    /**
     * What a packed product may write meanwhile.
     *
     * @param rounded  blocks of {@link MatrixCall.RoundActivations}, of all rows
     * @param expanded the matrix as halves, gates and ups; 0: there is no room, and more rows read packed weights again
     */
    public record Scratch(long rounded, long expanded) { }

    /** @return launches, in order, of a product by a matrix of halves */
    public List<KernelCall> halves(final Product product) {
        final int rows = product.experts().exist() ? product.experts().tileRows() : product.rows();
        if (invariant) {
            return List.of(new MatrixCall.Gemm(product, workspace, true));
        }
        if (rows <= MatrixCall.Gemv.ROWS_MAX) {
            return List.of(new MatrixCall.Gemv(product));
        }
        return hasWarpgroups ? WideCall.of(product, workspace + COUNTER_BYTES, processors) : List.of(new MatrixCall.Gemm(product, workspace, false));
    }

    /** @return launches, in order, of a product by a packed matrix, which stands for the matrix of halves in {@code product} */
    public List<KernelCall> packed(final Product product, final Packing packing, final Scratch scratch) {
        if (!invariant && !product.experts().exist() && product.rows() > PACKED_ROWS_MAX && scratch.expanded != 0) {
            return expanded(product, packing, scratch);
        }
        if (!packing.dtype.isInteger()) {
            return List.of(new MatrixCall.GemvPacked(product, packing.dtype, packing.ups, packing.expertBytes));
        }
        return List.of(
                new MatrixCall.RoundActivations(product.half(), product.in(), scratch.rounded, product.rows(), product.columns(), product.inStride()),
                new MatrixCall.GemvPacked(product.reading(product.matrix(), scratch.rounded), packing.dtype, packing.ups, packing.expertBytes));
    }

    private List<KernelCall> expanded(final Product product, final Packing packing, final Scratch scratch) {
        final int width = product.width();
        final List<KernelCall> calls = new ArrayList<>();
        calls.add(new MatrixCall.Expand(packing.dtype, product.half(), product.matrix(), scratch.expanded, width, product.columns()));
        if (product.output().isGated()) {
            final long behind = scratch.expanded + (long) width * product.columns() * Short.BYTES;
            calls.add(new MatrixCall.Expand(packing.dtype, product.half(), packing.ups, behind, width, product.columns()));
        }
        calls.addAll(halves(product.reading(scratch.expanded, product.in())));
        return calls;
    }

    /**
     * @param dtype of the experts' matrices
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
