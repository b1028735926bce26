package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;

/**
 * A feed-forward part of which every row uses a few experts: Σ weight · down(unit(gate(x), up(x))).
 *
 * <p>Rows are gathered per expert, so that its weights are read once; each row's sum runs over its experts in ascending
 * order, whoever else is in the step. A single row meets all its experts' gates and ups in one section.
 */
final class Experts implements FeedForwardPart {
    private final ExpertChoice choice;
    private final ExpertsSpec.Biases biases; // null: none
    private final GatedUnit unit;
    private final PackedMatrix[] router;     // {[experts, hidden]}
    private final PackedMatrix[][] gateUp;   // [experts][2]: [feedForward, hidden] each
    private final PackedMatrix[][] down;     // [experts][1]: [hidden, feedForward]

    Experts(final ExpertsSpec spec) {
        choice = spec.choice();
        biases = spec.biases();
        unit = spec.unit();
        final int count = spec.experts().size();
        gateUp = new PackedMatrix[count][];
        down = new PackedMatrix[count][];
        for (int i = 0; i < count; i++) {
            final ExpertsSpec.Expert expert = spec.experts().get(i);
            gateUp[i] = new PackedMatrix[] {expert.gate().load(), expert.up().load()};
            down[i] = new PackedMatrix[] {expert.down().load()};
        }
        router = new PackedMatrix[] {spec.router().load()};
    }

    @Override
    public void forward(final Step s) {
        final Activations a = s.a();
        final ExpertActivations e = a.experts;
        s.ops.project(a.normed, s.rows(), router, e.scores);
        if (biases != null) {
            s.ops.addBias(e.scores[0], s.rows(), biases.router());
        }
        for (int row = 0; row < s.rows(); row++) {
            choice.choose(e.scores[0].values(), row * e.scores[0].width(), e.chosen, e.weights, row * choice.chosen());
        }
        s.clearDelta();
        if (s.rows() == 1) {
            oneRow(s, a, e);
        } else {
            for (int expert = 0; expert < gateUp.length; expert++) {
                gathered(s, a, e, expert);
            }
        }
    }

    private void oneRow(final Step s, final Activations a, final ExpertActivations e) {
        for (int i = 0; i < choice.chosen(); i++) {
            final PackedMatrix[] ofExpert = gateUp[e.chosen[i]];
            e.gateUp[2 * i] = ofExpert[0];
            e.gateUp[2 * i + 1] = ofExpert[1];
        }
        s.ops.project(a.normed, 1, e.gateUp, e.oneRow);
        e.placing.targets()[0] = 0;
        for (int i = 0; i < choice.chosen(); i++) {
            e.placing.weights()[0] = e.weights[i];
            finish(s, e.chosen[i], e.oneRow[2 * i], e.oneRow[2 * i + 1], 1);
            s.ops.addWeighted(e.part[0], 1, e.placing, a.delta);
        }
    }

    private void gathered(final Step s, final Activations a, final ExpertActivations e, final int expert) {
        final int hidden = a.normed.width();
        int rows = 0;
        for (int row = 0; row < s.rows(); row++) {
            for (int i = row * choice.chosen(); i < (row + 1) * choice.chosen(); i++) {
                if (e.chosen[i] == expert) {
                    System.arraycopy(a.normed.values(), row * hidden, e.gathered.values(), rows * hidden, hidden);
                    e.placing.targets()[rows] = row;
                    e.placing.weights()[rows++] = e.weights[i];
                }
            }
        }
        if (rows > 0) {
            s.ops.project(e.gathered, rows, gateUp[expert], a.gateUp);
            finish(s, expert, a.gate, a.up, rows);
            s.ops.addWeighted(e.part[0], rows, e.placing, a.delta);
        }
    }

    /** Unit and down projection of one expert. */
    private void finish(final Step s, final int expert, final Tensor gate, final Tensor up, final int rows) {
        final Tensor[] part = s.a().experts.part;
        if (biases != null) {
            s.ops.addBias(gate, rows, biases.gate()[expert]);
            s.ops.addBias(up, rows, biases.up()[expert]);
        }
        unit.apply(s.ops, gate, up, rows);
        s.ops.project(gate, rows, down[expert], part);
        if (biases != null && biases.down() != null) {
            s.ops.addBias(part[0], rows, biases.down()[expert]);
        }
    }
}
