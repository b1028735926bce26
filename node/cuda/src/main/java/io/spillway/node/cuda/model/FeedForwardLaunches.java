package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.ExpertCall;
import io.spillway.node.cuda.ExpertRows;
import io.spillway.node.cuda.KernelCall;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.MatrixCall;
import io.spillway.node.cuda.Product;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.cuda.ProductPlan;
import io.spillway.node.cuda.Values;
import io.spillway.node.model.GatedUnit;
import io.spillway.node.weights.ModelShape;

/** The half of a layer that looks at each row by itself. Thread: the engine's. */
final class FeedForwardLaunches {
    private final DeviceWeights weights;
    private final Buffers buffers;
    private final Products products;
    private final ProductPlan plan;

    FeedForwardLaunches(final DeviceWeights weights, final Buffers buffers, final Products products, final ProductPlan plan) {
        this.weights = weights;
        this.buffers = buffers;
        this.products = products;
        this.plan = plan;
    }

    /** {@code gated = unit(gate · normed, up · normed)}. */
    void gate(final DeviceLayer.Dense dense, final int rows, final KernelLauncher launcher) {
        products.run(dense.gateUp(), buffers.normed, rows, new Products.Target(buffers.gated, output(dense.unit())), launcher);
    }

    private static ProductOutput output(final GatedUnit unit) {
        return switch (unit) {
            case SWIGLU -> ProductOutput.SWIGLU;
            case GEGLU -> ProductOutput.GEGLU;
            case CLAMPED_SWIGLU -> ProductOutput.CLAMPED_SWIGLU;
        };
    }

    /** {@code delta = Σ weight · down(unit(gate · normed, up · normed))} over the experts of each row. */
    void experts(final DeviceLayer.Experts experts, final int rows, final StepInputs inputs, final KernelLauncher launcher) {
        final ModelShape.Experts shape = weights.shape().experts();
        final ExpertBuffers e = buffers.experts;
        products.run(experts.router(), buffers.normed, rows, Products.Target.floats(e.scores, ProductOutput.FLOAT), launcher);
        launcher.launch(new ExpertCall.Route(e.scores, inputs.positions(), e.chosen, e.weights, rows, shape.count(), shape.chosen(),
            experts.choice().weighsAgainstAll()).launch());
        final ExpertRows lists = lists(experts, rows, shape);
        launcher.launch(new ExpertCall.ListRows(lists, e.chosen, e.ended, rows, shape.count(), shape.chosen()).launch());
        final int hidden = weights.shape().hidden();
        run(experts.gateUp(), experts.gateUpBias(), buffers.normed, rows, lists, new Products.Target(e.gated, output(experts.unit())), launcher);
        run(experts.down(), experts.downBias(), e.gated, rows * shape.chosen(), lists.byEntry(), Products.Target.floats(e.parts, ProductOutput.FLOAT), launcher);
        launcher.launch(new ExpertCall.Sum(weights.half(), e.parts, e.chosen, e.weights, buffers.delta.address(), rows, shape.chosen(), hidden,
            ProductOutput.FLOAT).launch());
    }

    private ExpertRows lists(final DeviceLayer.Experts experts, final int rows, final ModelShape.Experts shape) {
        final int tileRows = Math.min(plan.tileRows(experts.gateUp().dtype(), rows, shape.chosen(), shape.count()),
            plan.tileRows(experts.down().dtype(), rows, shape.chosen(), shape.count()));
        final ExpertBuffers e = buffers.experts;
        return new ExpertRows(e.work, e.lists, e.counts, e.rowsMax, tileRows, ExpertRows.piecesMax(rows, shape.chosen(), shape.count(), tileRows), shape.chosen());
    }

    private void run(final DeviceLayer.ExpertMatrix m, final long bias, final Values in, final int rows, final ExpertRows lists,
            final Products.Target target, final KernelLauncher launcher) {
        final int width = target.output().isGated() ? m.rows() / 2 : m.rows();
        if (m.isPlain()) {
            final Product product = new Product(weights.half(), m.address(), in.address(), target.values().address(), bias, rows, m.rows(), m.columns(),
                m.columns(), width, target.output(), lists);
            for (final KernelCall call : plan.launches(product)) {
                launcher.launch(call.launch());
            }
            return;
        }
        final boolean isRounded = m.dtype() != DType.F8;
        if (isRounded) {
            launcher.launch(new MatrixCall.RoundActivations(weights.half(), in.address(), buffers.experts.rounded, rows, m.columns(), m.columns()).launch());
        }
        final Product product = new Product(weights.half(), m.address(), isRounded ? buffers.experts.rounded : in.address(), target.values().address(), bias, rows,
            m.rows(), m.columns(), m.columns(), width, target.output(), lists);
        launcher.launch(new MatrixCall.GemvPacked(product, m.dtype(), target.output().isGated() ? m.address() + m.expertBytes() / 2 : 0, m.expertBytes()).launch());
    }
}
