package io.spillway.node.nativekernels;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.RowPlacing;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;

/**
 * {@link TensorOps} with C kernels for what takes the time; the same bits as {@code ScalarOps}. Thread: one caller at a time.
 */
final class NativeOps implements TensorOps {
    private final TensorOps other;   // owned
    private final ProjectSection project;
    private final AttendSection attend;

    NativeOps(final InstructionSet set, final TensorOps other, final WorkerPool workers) {
        this.other = other;
        project = new ProjectSection(set, workers);
        attend = new AttendSection(set, workers);
    }

    @Override
    public void project(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        for (final PackedMatrix matrix : weights) {
            if (!matrix.bytes().isNative()) {
                other.project(in, rows, weights, outs);
                return;
            }
        }
        project.run(in, rows, weights, outs);
    }

    @Override
    public void rmsNorm(final Tensor in, final int rows, final RmsNorm norm, final Tensor out) {
        other.rmsNorm(in, rows, norm, out);
    }

    @Override
    public void rmsNormHeads(final Tensor x, final int rows, final RmsNorm norm) {
        other.rmsNormHeads(x, rows, norm);
    }

    @Override
    public void rotate(final Tensor x, final int rows, final RotaryRows rotary) {
        other.rotate(x, rows, rotary);
    }

    @Override
    public void store(final KvRows kv, final int layer, final Tensor keys, final Tensor values) {
        other.store(kv, layer, keys, values);
    }

    @Override
    public void attend(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        if (AttendSection.fits(kv)) {
            attend.run(kv, layer, rule, queries, out);
        } else {
            other.attend(kv, layer, rule, queries, out);
        }
    }

    @Override
    public void swiGlu(final Tensor gate, final Tensor up, final int rows) {
        other.swiGlu(gate, up, rows);
    }

    @Override
    public void geGlu(final Tensor gate, final Tensor up, final int rows) {
        other.geGlu(gate, up, rows);
    }

    @Override
    public void clampedSwiGlu(final Tensor gate, final Tensor up, final int rows) {
        other.clampedSwiGlu(gate, up, rows);
    }

    @Override
    public void softcap(final Tensor x, final int rows, final float cap) {
        other.softcap(x, rows, cap);
    }

    @Override
    public void addBias(final Tensor x, final int rows, final float[] bias) {
        other.addBias(x, rows, bias);
    }

    @Override
    public void addWeighted(final Tensor in, final int rows, final RowPlacing placing, final Tensor out) {
        other.addWeighted(in, rows, placing, out);
    }

    @Override
    public void add(final Tensor x, final Tensor delta, final int rows) {
        other.add(x, delta, rows);
    }

    @Override
    public void close() {
        project.close();
        attend.close();
        other.close();
    }
}
