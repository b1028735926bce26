package io.spillway.node.cuda.model;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.DType;
import io.spillway.node.cuda.KernelCall;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.PagedKv;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.cuda.ProductPlan;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.RowCall.Delta;
import io.spillway.node.cuda.RowCall.HeadRule;
import io.spillway.node.cuda.RowCall.RmsNorm;
import io.spillway.node.cuda.Values;
import io.spillway.node.weights.ModelShape;

/**
 * The launches that make a step: from tokens to logits. Nothing of a step but its {@link StepShape} enters a launch, so that they can be
 * recorded once per shape. Thread: the engine's.
 */
final class DeviceProgram implements AutoCloseable {
    private final DeviceWeights weights;
    private final ModelShape shape;
    private final Buffers buffers;
    private final Cache cache;
    private final Products products;
    private final AttentionLaunches attention;
    private final FeedForwardLaunches feedForward;
    private final SamplingLaunches sampling;

    /**
     * The paged cache on the device.
     *
     * @param slab        address of block 0
     * @param tables      [slots][tableStride] ints: blocks of every sequence
     * @param tableStride blocks of the longest context
     * @param slots       of sequences
     */
    record Cache(KvLayout layout, long slab, long tables, int tableStride, int slots) {
        PagedKv rows(final StepInputs inputs) {
            return new PagedKv(layout, slab, inputs.positions(), inputs.sequences(), tables, tableStride);
        }
    }

    /** A step on its way into launches. */
    private record Launching(StepShape step, StepInputs inputs, PagedKv kv, KernelLauncher launcher) {
        void launch(final KernelCall call) {
            launcher.launch(call.launch());
        }
    }

    DeviceProgram(final DeviceWeights weights, final Buffers buffers, final ProductPlan plan, final Cache cache, final AttentionLaunches.Limits limits) {
        this.weights = weights;
        this.buffers = buffers;
        this.cache = cache;
        products = new KernelProducts(weights.half(), buffers, plan);
        shape = weights.shape();
        attention = new AttentionLaunches(weights, buffers, cache, limits);
        sampling = new SamplingLaunches(buffers, weights.vocabulary(), limits.singlesMax(), cache.slots());
        feedForward = new FeedForwardLaunches(weights, buffers, products, plan);
    }

    /** Launches a step. Logits of the wanted rows stand in the buffers then, in their order. */
    void launch(final StepShape step, final StepInputs inputs, final KernelLauncher launcher) {
        final Launching l = new Launching(step, inputs, cache.rows(inputs), launcher);
        sampling.takeTokens(step, inputs, launcher);
        embed(l);
        attention.plan(step, inputs, launcher);
        Delta left = Delta.NONE; // what the residual stream has still to take in
        for (int i = 0; i < weights.layers().size(); i++) {
            left = layer(i, left, l);
        }
        if (step.wanted() > 0) {
            output(left, l);
            sampling.launch(step, inputs, launcher);
        }
    }

    AttentionLaunches attention() {
        return attention;
    }

    SamplingLaunches sampling() {
        return sampling;
    }

    @Override
    public void close() {
        attention.close();
    }

    private void embed(final Launching l) {
        final DeviceMatrix e = weights.embedding();
        final float scale = shape.scaling().embedding();
        final int rows = l.step.rows();
        l.launch(e.isPlain()
            ? new RowCall.EmbedRows(new Values(e.address(), e.dtype()), l.inputs.tokens(), buffers.residual, rows, e.columns(), e.columns(), e.rows(), scale)
            : new RowCall.EmbedPacked(e.dtype(), e.address(), l.inputs.tokens(), buffers.residual, rows, e.columns(), e.rows(), scale));
    }

    /** @return what the layer adds, where that is not in the residual stream yet */
    private Delta layer(final int index, final Delta before, final Launching l) {
        final DeviceLayer layer = weights.layers().get(index);
        final DeviceLayer.Attention a = layer.attention();
        norm(before, layer.attentionNorm(), l);
        products.run(a.queryKeyValue(), buffers.normed, l.step.rows(), new Products.Target(buffers.heads, ProductOutput.HALF), l.launcher);
        final HeadRule rule = new HeadRule(0, a.queryNorm(), a.keyNorm(), shape.epsilon(), a.turns(), a.half());
        l.launch(new RowCall.QkvFinish(l.kv, index, rule, buffers.heads, buffers.queries.address(), l.step.rows(), shape.attention().heads(), true));
        attention.launch(index, a, new AttentionLaunches.Rows(l.step, l.inputs, l.kv), l.launcher);
        norm(add(a.output(), buffers.attended, layer.postAttentionNorm(), l), layer.feedForwardNorm(), l);
        return switch (layer.feedForward()) {
            case final DeviceLayer.Dense dense -> {
                feedForward.gate(dense, l.step.rows(), l.launcher);
                yield add(dense.down(), buffers.gated, layer.postFeedForwardNorm(), l);
            }
            case final DeviceLayer.Experts experts -> {
                feedForward.experts(experts, l.step.rows(), l.inputs, l.launcher);
                yield new Delta(buffers.delta, layer.postFeedForwardNorm());
            }
        };
    }

    /** A product whose results the residual stream takes in: at once, or behind a norm of their own. */
    private Delta add(final Projection projection, final Values in, final long postNorm, final Launching l) {
        if (postNorm == 0) {
            products.run(projection, in, l.step.rows(), Products.Target.floats(buffers.residual, ProductOutput.ADD), l.launcher);
            return Delta.NONE;
        }
        products.run(projection, in, l.step.rows(), new Products.Target(buffers.delta, ProductOutput.FLOAT), l.launcher);
        return new Delta(buffers.delta, postNorm);
    }

    private void norm(final Delta delta, final long gain, final Launching l) {
        l.launch(new RmsNorm(buffers.residual, delta, gain, buffers.normed, l.step.rows(), shape.hidden(), shape.epsilon()));
    }

    private void output(final Delta left, final Launching l) {
        final int hidden = shape.hidden();
        final int wanted = l.step.wanted();
        if (left.values().address() != 0) {
            l.launch(RmsNorm.add(buffers.residual, left, l.step.rows(), hidden, shape.epsilon()));
        }
        l.launch(new RowCall.GatherRows(buffers.residual, l.inputs.wanted(), buffers.wanted, wanted, 4L * hidden));
        if (l.step.output() == StepShape.Output.HIDDEN) {
            l.launch(new RmsNorm(buffers.wanted, Delta.NONE, weights.outputNorm(), new Values(buffers.states, DType.F32), wanted, hidden, shape.epsilon()));
            return;
        }
        l.launch(new RmsNorm(buffers.wanted, Delta.NONE, weights.outputNorm(), buffers.output, wanted, hidden, shape.epsilon()));
        products.run(weights.head(), buffers.output, wanted, Products.Target.floats(buffers.logits, ProductOutput.FLOAT), l.launcher);
        if (shape.scaling().logitSoftcap() > 0) {
            l.launch(new RowCall.Softcap(buffers.logits, (long) wanted * weights.vocabulary(), shape.scaling().logitSoftcap()));
        }
    }
}
