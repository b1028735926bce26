package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.cuda.Values;

/** Port: products of a step, by whoever computes them best. Thread: the engine's. */
interface Products {
    /** Where results go, and how. @param values one row of results behind the other */
    record Target(Values values, ProductOutput output) {
        /** Residual streams and logits are floats. */
        static Target floats(final long address, final ProductOutput output) {
            return new Target(new Values(address, DType.F32), output);
        }

        long at(final int column) {
            return values.address() + (long) column * (values.type() == DType.F32 ? Float.BYTES : Short.BYTES);
        }
    }

    /**
     * Launches a projection: a product for every part.
     *
     * @param in     [rows] as wide as the matrices have columns, filled up as they are
     * @param target [rows][outputs]; of a gated output half as wide
     */
    void run(Projection projection, Values in, int rows, Target target, KernelLauncher launcher);
}
