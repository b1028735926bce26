package io.spillway.node.compute;

/**
 * The specification of {@link TensorOps#project}.
 *
 * <p>Float formats: one fused multiply-add per column, in the order of columns. Integer formats: per group of 16 or 32
 * columns an exact integer sum of products, then {@code acc = fma(sum, scale · activationScale, acc)} and, with a minimum,
 * {@code acc = fma(sumOfActivations, −(minimum · activationScale), acc)}; groups in the order of columns.
 */
final class ScalarProjection {
    private ScalarProjection() {
    }

    static void project(final Tensor in, final int rows, final PackedMatrix weights, final Tensor out) {
        if (weights.dtype().isInteger()) {
            projectIntegers(in, rows, weights, out);
        } else {
            projectFloats(in, rows, weights, out);
        }
    }

    private static void projectFloats(final Tensor in, final int rows, final PackedMatrix weights, final Tensor out) {
        final float[] weight = new float[weights.columns()];
        for (int n = 0; n < weights.rows(); n++) {
            weights.readRow(n, weight, 0);
            for (int r = 0; r < rows; r++) {
                float sum = 0;
                for (int k = 0; k < weight.length; k++) {
                    sum = Math.fma(in.values()[r * in.width() + k], weight[k], sum);
                }
                out.values()[r * out.width() + n] = sum;
            }
        }
    }

    private static void projectIntegers(final Tensor in, final int rows, final PackedMatrix weights, final Tensor out) {
        final int columns = weights.columns();
        final byte[] rounded = new byte[columns];
        final float[] scales = new float[columns / ActivationRounding.BLOCK];
        for (int r = 0; r < rows; r++) {
            ActivationRounding.roundRow(in.values(), r * in.width(), columns, rounded, scales);
            for (int n = 0; n < weights.rows(); n++) {
                out.values()[r * out.width() + n] = integerDot(rounded, scales, weights, n);
            }
        }
    }

    private static float integerDot(final byte[] rounded, final float[] scales, final PackedMatrix weights, final int row) {
        final int group = weights.dtype().groupColumns();
        float total = 0;
        for (int from = 0; from < rounded.length; from += group) {
            int products = 0;
            int activations = 0;
            for (int k = from; k < from + group; k++) {
                products += rounded[k] * weights.integer(row, k);
                activations += rounded[k];
            }
            final float scale = scales[from / ActivationRounding.BLOCK];
            total = Math.fma(products, weights.scale(row, from) * scale, total);
            if (weights.dtype().hasMinimum()) {
                total = Math.fma(activations, -(weights.minimum(row, from) * scale), total);
            }
        }
        return total;
    }
}
