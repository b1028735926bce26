package io.spillway.node.model;

import static java.util.Objects.requireNonNull;

import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightLoader.Part;
import io.spillway.node.weights.WeightMatrix;
import io.spillway.node.weights.WeightName;

/**
 * One gated unit for all rows: down(unit(gate(x), up(x))).
 *
 * @param gate [feedForward, hidden]
 * @param up   [feedForward, hidden]
 * @param down [hidden, feedForward]
 */
public record DenseSpec(WeightMatrix gate, WeightMatrix up, WeightMatrix down, GatedUnit unit) implements FeedForwardSpec {
    public DenseSpec {
        requireNonNull(gate, "gate");
        requireNonNull(up, "up");
        requireNonNull(down, "down");
        requireNonNull(unit, "unit");
    }

    /** Gate and up under their own names. */
    static DenseSpec of(final WeightLoader weights, final int layer, final GatedUnit unit) {
        final ModelShape shape = weights.shape();
        return new DenseSpec(weights.matrix(WeightName.GATE, layer, shape.feedForward(), shape.hidden()),
                weights.matrix(WeightName.UP, layer, shape.feedForward(), shape.hidden()), down(weights, layer), unit);
    }

    /** Gate and up in one matrix, the gate first. */
    static DenseSpec fused(final WeightLoader weights, final int layer, final GatedUnit unit) {
        final ModelShape shape = weights.shape();
        final int width = shape.feedForward();
        return new DenseSpec(weights.part(WeightName.GATE_UP, layer, new Part(0, width, 2 * width, shape.hidden())),
                weights.part(WeightName.GATE_UP, layer, new Part(width, width, 2 * width, shape.hidden())), down(weights, layer), unit);
    }

    private static WeightMatrix down(final WeightLoader weights, final int layer) {
        return weights.matrix(WeightName.DOWN, layer, weights.shape().hidden(), weights.shape().feedForward());
    }
}
