package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.ExpertRows;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.cuda.Values;

/** Port: products of a step, by whoever computes them best. Thread: the engine's. */
interface Products {
    /** Where results go, and how. @param values one row of results behind the other */
    record Target(Values values, ProductOutput output) { }

    /** Launches one product. @param in rows of halves, as wide as the matrix has columns; {@code p} names the rest */
    void run(One product, KernelLauncher launcher);

    /**
     * One product.
     *
     * @param matrix    what is multiplied
     * @param bias      address of [rows of the matrix] f32; 0: none
     * @param in        [rows][inStride] halves
     * @param out       address of the first result
     * @param outStride numbers from row to row of results
     * @param experts   which rows meet which part of the matrix
     */
    record One(DeviceMatrix matrix, int outputs, long bias, Values in, int inStride, long out, int outStride, int rows, ProductOutput output,
            ExpertRows experts) { }

    /** Launches a projection: a product for every part. @param target [rows][outputs] */
    default void run(final Projection projection, final Values in, final int rows, final Target target, final KernelLauncher launcher) {
        final int width = target.values().type() == DType.F32 ? Float.BYTES : Short.BYTES;
        final int outStride = target.output().isGated() ? projection.outputs() / 2 : projection.outputs();
        for (final Projection.Part part : projection.parts()) {
            run(new One(part.matrix(), part.matrix().rows(), part.bias(), in, part.matrix().stride(), target.values().address() + (long) width * part.offset(),
                outStride, rows, target.output(), ExpertRows.NONE), launcher);
        }
    }
}
