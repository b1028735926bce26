package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/** The SwiGLU half of a layer: down(silu(gate(x)) · up(x)). */
final class FeedForward {
    private final RmsNorm norm;
    private final PackedMatrix[] gateUp;  // 2 × [feedForward, hidden]
    private final PackedMatrix[] down;    // [hidden, feedForward]

    FeedForward(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        norm = weights.norm(WeightName.FEED_FORWARD_NORM, layer, shape.hidden());
        gateUp = new PackedMatrix[] {
            weights.matrix(WeightName.GATE, layer, shape.feedForward(), shape.hidden()),
            weights.matrix(WeightName.UP, layer, shape.feedForward(), shape.hidden())};
        down = new PackedMatrix[] {weights.matrix(WeightName.DOWN, layer, shape.hidden(), shape.feedForward())};
    }

    void forward(final TensorOps ops, final Activations a, final int rows) {
        ops.rmsNorm(a.residual, rows, norm, a.normed);
        ops.project(a.normed, rows, gateUp, a.gateUp);
        ops.swiGlu(a.gate, a.up, rows);
        ops.project(a.gate, rows, down, a.delta);
        ops.add(a.residual, a.delta[0], rows);
    }
}
