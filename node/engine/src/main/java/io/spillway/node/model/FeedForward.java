package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightLoader.Part;
import io.spillway.node.weights.WeightName;

/**
 * One gated unit for all rows: down(unit(gate(x), up(x))).
 *
 * @param gateUp 2 × [feedForward, hidden]
 * @param down   {[hidden, feedForward]}
 */
record FeedForward(PackedMatrix[] gateUp, PackedMatrix[] down, GatedUnit unit) implements FeedForwardPart {
    /** Gate and up under their own names. */
    static FeedForward of(final WeightLoader weights, final int layer, final GatedUnit unit) {
        final ModelShape shape = weights.shape();
        return new FeedForward(new PackedMatrix[] {
            weights.matrix(WeightName.GATE, layer, shape.feedForward(), shape.hidden()),
            weights.matrix(WeightName.UP, layer, shape.feedForward(), shape.hidden())}, down(weights, layer), unit);
    }

    /** Gate and up in one matrix, the gate first. */
    static FeedForward fused(final WeightLoader weights, final int layer, final GatedUnit unit) {
        final ModelShape shape = weights.shape();
        final int width = shape.feedForward();
        return new FeedForward(new PackedMatrix[] {
            weights.part(WeightName.GATE_UP, layer, new Part(0, width, 2 * width, shape.hidden())),
            weights.part(WeightName.GATE_UP, layer, new Part(width, width, 2 * width, shape.hidden()))}, down(weights, layer), unit);
    }

    private static PackedMatrix[] down(final WeightLoader weights, final int layer) {
        return new PackedMatrix[] {weights.matrix(WeightName.DOWN, layer, weights.shape().hidden(), weights.shape().feedForward())};
    }

    @Override
    public void forward(final Step s) {
        final Activations a = s.a();
        s.ops.project(a.normed, s.rows(), gateUp, a.gateUp);
        unit.apply(s.ops, a.gate, a.up, s.rows());
        s.ops.project(a.gate, s.rows(), down, a.deltaOnly);
    }
}
