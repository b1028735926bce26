package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;

/** One gated unit for all rows: down(unit(gate(x), up(x))). */
final class FeedForward implements FeedForwardPart {
    private final PackedMatrix[] gateUp; // 2 × [feedForward, hidden]
    private final PackedMatrix[] down;   // {[hidden, feedForward]}
    private final GatedUnit unit;

    FeedForward(final DenseSpec spec) {
        gateUp = new PackedMatrix[] {spec.gate().load(), spec.up().load()};
        down = new PackedMatrix[] {spec.down().load()};
        unit = spec.unit();
    }

    @Override
    public void forward(final Step s) {
        final Activations a = s.a();
        s.ops.project(a.normed, s.rows(), gateUp, a.gateUp);
        unit.apply(s.ops, a.gate, a.up, s.rows());
        s.ops.project(a.gate, s.rows(), down, a.deltaOnly);
    }
}
