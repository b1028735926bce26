package io.spillway.node.cpu;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.RowPlacing;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;

/** Operations that leave everything as it is: what remains of a step is the model's own work. */
final class IdleOps implements TensorOps {
    @Override
    public void project(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        // idle
    }

    @Override
    public void rmsNorm(final Tensor in, final int rows, final RmsNorm norm, final Tensor out) {
        // idle
    }

    @Override
    public void rmsNormHeads(final Tensor x, final int rows, final RmsNorm norm) {
        // idle
    }

    @Override
    public void rotate(final Tensor x, final int rows, final RotaryRows rotary) {
        // idle
    }

    @Override
    public void store(final KvRows kv, final int layer, final Tensor keys, final Tensor values) {
        // idle
    }

    @Override
    public void attend(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        // idle
    }

    @Override
    public void swiGlu(final Tensor gate, final Tensor up, final int rows) {
        // idle
    }

    @Override
    public void geGlu(final Tensor gate, final Tensor up, final int rows) {
        // idle
    }

    @Override
    public void clampedSwiGlu(final Tensor gate, final Tensor up, final int rows) {
        // idle
    }

    @Override
    public void softcap(final Tensor x, final int rows, final float cap) {
        // idle
    }

    @Override
    public void addBias(final Tensor x, final int rows, final float[] bias) {
        // idle
    }

    @Override
    public void addWeighted(final Tensor in, final int rows, final RowPlacing placing, final Tensor out) {
        // idle
    }

    @Override
    public void add(final Tensor x, final Tensor delta, final int rows) {
        // idle
    }

    @Override
    public void close() {
        // idle
    }
}
