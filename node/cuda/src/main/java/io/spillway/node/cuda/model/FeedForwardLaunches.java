package io.spillway.node.cuda.model;

import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.model.GatedUnit;

/** The half of a layer that looks at each row by itself, up to the product that the residual stream takes in. Thread: the engine's. */
final class FeedForwardLaunches {
    private final Buffers buffers;
    private final Products products;

    FeedForwardLaunches(final Buffers buffers, final Products products) {
        this.buffers = buffers;
        this.products = products;
    }

    /** {@code gated = unit(gate · normed, up · normed)}. */
    void gate(final DeviceLayer.Dense dense, final int rows, final KernelLauncher launcher) {
        products.run(dense.gateUp(), buffers.normed, rows, new Products.Target(buffers.gated, output(dense.unit())), launcher);
    }

    static ProductOutput output(final GatedUnit unit) {
        return switch (unit) {
            case SWIGLU -> ProductOutput.SWIGLU;
            case GEGLU -> ProductOutput.GEGLU;
            case CLAMPED_SWIGLU -> ProductOutput.CLAMPED_SWIGLU;
        };
    }

    /** {@code delta = Σ weight · down(unit(gate · normed, up · normed))} over the experts of each row. */
    void experts(final DeviceLayer.Experts experts, final int rows, final KernelLauncher launcher) {
        throw new IllegalArgumentException("no GPU kernels for mixtures of experts");
    }
}
