package io.spillway.node.cuda;

import io.spillway.node.compute.DType;

/**
 * A kernel with what it computes: grid, block and arguments of its launch follow. By image: {@link RowCall}, {@link AttentionCall},
 * {@link MatrixCall}, {@link SamplingCall}. Values only; any thread.
 */
public interface KernelCall {
    /** Threads of a block of most kernels. */
    int THREADS = 256;
    /** Threads of a warp. */
    int WARP = 32;

    /** @return the launch that computes it */
    KernelLaunch launch();

    /** @return how kernels are told the two halves apart: 1 for bf16, 0 for f16 */
    static int isBf16(final DType dtype) {
        return dtype == DType.BF16 ? 1 : 0;
    }
}
