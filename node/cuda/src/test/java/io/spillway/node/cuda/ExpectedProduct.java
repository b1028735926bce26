package io.spillway.node.cuda;

import io.spillway.node.compute.ClampedSwiGlu;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.Exp;
import io.spillway.node.compute.Gelu;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;

/**
 * What a product is by its specification, and how far a kernel may be from it: sums run in another order, so each addition may differ by a
 * unit in the last place of the sum of magnitudes; a gated unit passes that on; halves are rounded.
 *
 * @param values [rows][width]
 * @param bounds likewise
 */
record ExpectedProduct(float[] values, double[] bounds) {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static final double UNIT = 0x1p-23;
    private static final double F16_MAX = 65504;
    private static final int FEW = 64;
    private static final double LEAST = 1e-30;

    /**
     * @param weights one matrix; gated: gates and ups
     * @param met     the activations that the weights meet: rounded ones where they are integers
     * @param bias    of all outputs, or null
     * @param before  what is there, for results that are added
     */
    static ExpectedProduct of(final PackedMatrix[] weights, final Tensor in, final Tensor met, final float[] bias, final ProductOutput output,
            final DType half, final float[] before) {
        final int rows = in.values().length / in.width();
        final Tensor[] sums = new Tensor[weights.length];
        final double[][] errors = new double[weights.length][];
        for (int w = 0; w < weights.length; w++) {
            sums[w] = Tensor.ofRows(rows, weights[w].rows());
            SCALAR.project(in, rows, new PackedMatrix[] {weights[w]}, new Tensor[] {sums[w]});
            errors[w] = errors(weights[w], met, rows);
            for (int i = 0; bias != null && i < sums[w].values().length; i++) {
                sums[w].values()[i] += bias[w * weights[0].rows() + i % weights[w].rows()];
            }
        }
        final float[] values = new float[sums[0].values().length];
        final double[] bounds = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            final float sum = sums[0].values()[i];
            values[i] = output.isGated() ? unit(output, sum, sums[1].values()[i]) : output == ProductOutput.ADD ? before[i] + sum : sum;
            bounds[i] = errors[0][i] + Math.abs(sum) * UNIT;
            if (output.isGated()) {
                final float up = sums[1].values()[i];
                bounds[i] = 1.2 * bounds[i] * (Math.abs(up) + 1) + (Math.abs(sum) + 1) * (errors[1][i] + Math.abs(up) * UNIT);
            }
            bounds[i] += Math.abs(values[i]) * UNIT;
            if (output != ProductOutput.FLOAT && output != ProductOutput.ADD) {
                bounds[i] += half == DType.BF16 ? Math.abs(values[i]) * 0x1p-8 : Math.abs(values[i]) * 0x1p-11 + 0x1p-24;
                if (half == DType.F16 && Math.abs(values[i]) + bounds[i] >= F16_MAX) {
                    bounds[i] = Double.POSITIVE_INFINITY; // it may be infinite
                }
            }
        }
        return new ExpectedProduct(values, bounds);
    }

    static float unit(final ProductOutput output, final float gate, final float up) {
        return switch (output) {
            case SWIGLU -> gate / (1f + Exp.of(-gate)) * up;
            case GEGLU -> Gelu.of(gate) * up;
            default -> ClampedSwiGlu.of(gate, up);
        };
    }

    private static double[] errors(final PackedMatrix matrix, final Tensor in, final int rows) {
        final double[] errors = new double[rows * matrix.rows()];
        final float[] weights = new float[matrix.columns()];
        for (int n = 0; n < matrix.rows(); n++) {
            matrix.readRow(n, weights, 0);
            for (int r = 0; r < rows; r++) {
                double magnitudes = 0;
                for (int k = 0; k < weights.length; k++) {
                    final double minimum = matrix.dtype().hasMinimum() ? matrix.minimum(n, k) : 0;
                    magnitudes += Math.abs((double) in.values()[r * in.width() + k]) * (Math.abs(weights[k]) + 2 * Math.abs(minimum));
                }
                errors[r * matrix.rows() + n] = magnitudes * (weights.length + FEW) * UNIT + LEAST;
            }
        }
        return errors;
    }
}
