package io.spillway.node.cuda;

import io.spillway.node.compute.DType;

/** Kernels that multiply by weights, and how each is launched: image {@code matrix}. Longs are device addresses unless named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread. */
public sealed interface MatrixCall extends KernelCall {
    /** A packed F16 or BF16 matrix [outputs][columns] by a few rows. @param in [rows][columns]; out [rows][outputs] */
    record GemvHalves(DType dtype, long matrix, long in, long out, int rows, int outputs, int columns) implements MatrixCall {
        @Override
        public KernelLaunch launch() {
            if (dtype != DType.F16 && dtype != DType.BF16) {
                throw new IllegalArgumentException(dtype + " is not a half");
            }
            return KernelLaunch.of("gemv_halves", panels(outputs, rows), THREADS, matrix, in, out, rows, outputs, columns, columns, outputs, KernelCall.isBf16(dtype));
        }
    }

    /** Rounds activations for {@link GemvQ8}. @param in [rows][columns]; rounded [rows][columns] bytes; scales [rows][columns / 32] */
    record RoundActivations(long in, long rounded, long scales, int rows, int columns) implements MatrixCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("round_activations", new Extent(Math.ceilDiv(columns, THREADS), rows, 1), THREADS, in, rounded, scales, columns, columns);
        }
    }

    /** A packed Q8_0 matrix [outputs][columns] by a few rounded rows. @param out [rows][outputs] */
    record GemvQ8(long matrix, long rounded, long scales, long out, int rows, int outputs, int columns) implements MatrixCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("gemv_q8_0", panels(outputs, rows), THREADS, matrix, rounded, scales, out, rows, outputs, columns, outputs);
        }
    }

    private static Extent panels(final int outputs, final int rows) {
        final int rowsTogether = 4;
        return new Extent(Math.ceilDiv(outputs, DType.PANEL_ROWS), Math.ceilDiv(rows, rowsTogether), 1);
    }
}
