package io.spillway.node.cpu;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvElements;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.Lanes;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.RowPlacing;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;

/**
 * {@link TensorOps} with Vector API kernels on the pool's threads; the same bits as {@code ScalarOps}.
 *
 * <p>Thread: one caller at a time. The operands of the section in progress stand in fields, so that no lambda captures them
 * and the step loop allocates nothing.
 */
final class VectorOps implements TensorOps {
    private final ProjectSection project;
    private final AttendSection attend;
    private final RowSection rowSection;
    private final float[][] lanes;           // [workers][16]
    private final RowSection.Body normBody = this::normRows;
    private final RowSection.Body rotateBody = this::rotateRows;
    private final RowSection.Body storeBody = this::storeRows;
    private final RowSection.Body swiGluBody = this::swiGluRows;
    private final RowSection.Body addBody = this::addRows;
    private final RowSection.Body geGluBody = this::geGluRows;
    private final RowSection.Body clampedSwiGluBody = this::clampedSwiGluRows;
    private final RowSection.Body softcapBody = this::softcapRows;
    private final RowSection.Body addBiasBody = this::addBiasRows;
    private final RowSection.Body addWeightedBody = this::addWeightedRows;
    private Tensor first;
    private Tensor second;
    private RmsNorm norm;
    private RotaryRows rotary;
    private float[] bias;
    private float factor;
    private RowPlacing placing;
    private KvRows kv;
    private int layer;

    VectorOps(final WorkerPool workers) {
        this(workers, WideProducts.USED);
    }

    /** @param widely whether to use {@link WideProducts} */
    VectorOps(final WorkerPool workers, final boolean widely) {
        project = new ProjectSection(workers, widely);
        attend = new AttendSection(workers);
        rowSection = new RowSection(workers);
        lanes = new float[workers.workerCount()][Lanes.COUNT];
    }

    @Override
    public void project(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        project.run(in, rows, weights, outs);
    }

    @Override
    public void rmsNorm(final Tensor in, final int rows, final RmsNorm norm, final Tensor out) {
        first = in;
        second = out;
        this.norm = norm;
        rowSection.run(rows, in.width(), normBody);
    }

    @Override
    public void rmsNormHeads(final Tensor x, final int rows, final RmsNorm norm) {
        rmsNorm(x, rows, norm, x);
    }

    /** A row is one or more parts of the gain's width, each normalised by itself. */
    private void normRows(final int from, final int to, final int worker) {
        final int width = norm.gain().length;
        for (int at = from * first.width(); at < to * first.width(); at += width) {
            final float squares = RowKernels.squares(first.values(), at, width, lanes[worker]);
            RowKernels.scale(first.values(), at, Lanes.inverseRms(squares, width, norm.epsilon()), norm.gain(), second.values());
        }
    }

    @Override
    public void rotate(final Tensor x, final int rows, final RotaryRows rotary) {
        first = x;
        this.rotary = rotary;
        rowSection.run(rows, x.width(), rotateBody);
    }

    private void rotateRows(final int from, final int to, final int worker) {
        final int half = rotary.half();
        for (int row = from; row < to; row++) {
            for (int head = row * first.width(); head < (row + 1) * first.width(); head += rotary.headDim()) {
                RowKernels.rotate(first.values(), head, rotary.cosines(), rotary.sines(), row * half, half);
            }
        }
    }

    @Override
    public void store(final KvRows kv, final int layer, final Tensor keys, final Tensor values) {
        this.kv = kv;
        this.layer = layer;
        first = keys;
        second = values;
        rowSection.run(kv.rowCount(), 2 * keys.width(), storeBody);
    }

    private void storeRows(final int from, final int to, final int worker) {
        for (int row = from; row < to; row++) {
            for (int head = 0; head < kv.kvHeads(); head++) {
                KvElements.storeHead(kv, layer, row, head, first, second);
            }
        }
    }

    @Override
    public void attend(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        attend.run(kv, layer, rule, queries, out);
    }

    @Override
    public void swiGlu(final Tensor gate, final Tensor up, final int rows) {
        first = gate;
        second = up;
        rowSection.run(rows, gate.width(), swiGluBody);
    }

    private void swiGluRows(final int from, final int to, final int worker) {
        RowKernels.swiGlu(first.values(), second.values(), from * first.width(), to * first.width());
    }

    @Override
    public void geGlu(final Tensor gate, final Tensor up, final int rows) {
        first = gate;
        second = up;
        rowSection.run(rows, gate.width(), geGluBody);
    }

    private void geGluRows(final int from, final int to, final int worker) {
        GateKernels.geGlu(first.values(), second.values(), from * first.width(), to * first.width());
    }

    @Override
    public void clampedSwiGlu(final Tensor gate, final Tensor up, final int rows) {
        first = gate;
        second = up;
        rowSection.run(rows, gate.width(), clampedSwiGluBody);
    }

    private void clampedSwiGluRows(final int from, final int to, final int worker) {
        GateKernels.clampedSwiGlu(first.values(), second.values(), from * first.width(), to * first.width());
    }

    @Override
    public void softcap(final Tensor x, final int rows, final float cap) {
        first = x;
        factor = cap;
        rowSection.run(rows, x.width(), softcapBody);
    }

    private void softcapRows(final int from, final int to, final int worker) {
        GateKernels.softcap(first.values(), from * first.width(), to * first.width(), factor);
    }

    @Override
    public void addBias(final Tensor x, final int rows, final float[] bias) {
        first = x;
        this.bias = bias;
        rowSection.run(rows, x.width(), addBiasBody);
    }

    private void addBiasRows(final int from, final int to, final int worker) {
        for (int row = from; row < to; row++) {
            GateKernels.addBias(first.values(), row * first.width(), bias);
        }
    }

    @Override
    public void addWeighted(final Tensor in, final int rows, final RowPlacing placing, final Tensor out) {
        first = in;
        second = out;
        this.placing = placing;
        rowSection.run(rows, in.width(), addWeightedBody);
    }

    private void addWeightedRows(final int from, final int to, final int worker) {
        final int width = first.width();
        for (int row = from; row < to; row++) {
            GateKernels.addWeighted(first.values(), row * width, placing.weights()[row], second.values(),
                    placing.targets()[row] * second.width(), width);
        }
    }

    @Override
    public void add(final Tensor x, final Tensor delta, final int rows) {
        first = x;
        second = delta;
        rowSection.run(rows, x.width(), addBody);
    }

    private void addRows(final int from, final int to, final int worker) {
        RowKernels.add(first.values(), second.values(), from * first.width(), to * first.width());
    }

    @Override
    public void close() {
        project.close();
        attend.close();
    }
}
