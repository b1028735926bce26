package io.spillway.node.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** What becomes of a group's exact sum: one fused product with the scales, one more with a minimum. Stateless. */
final class IntegerSums {
    private IntegerSums() {
    }

    /** Adds a group's products to a vector of outputs of a row. */
    static void add(final IntegerTile t, final int group, final int row, final int lane, final IntVector products) {
        final int scaleAt = (group - t.fromGroup) * ScaleKernels.PANEL + lane;
        final int at = t.yOffset + row * t.yStride + lane;
        final float scale = t.x.scales[(t.firstRow + row) * t.x.scaleStride() + t.blockOf(group)];
        final int activations = t.needsSums ? t.activations(row, group) : 0;
        final FloatVector weight = FloatVector.fromArray(PairKernels.F, t.scales, scaleAt).mul(scale);
        final FloatVector sum = PairKernels.toFloats(products.sub(t.zero * activations))
                .fma(weight, FloatVector.fromArray(PairKernels.F, t.y, at));
        if (t.hasMinima) {
            PairKernels.subtract(FloatVector.fromArray(PairKernels.F, t.minima, scaleAt).mul(scale), activations, sum).intoArray(t.y, at);
        } else {
            sum.intoArray(t.y, at);
        }
    }
}
