package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RowPlacing;
import io.spillway.node.compute.Tensor;
import io.spillway.node.weights.ModelShape;

/** What the experts of a layer compute with; like {@link Activations}. Gate and up are those of the step. */
final class ExpertActivations {
    final Tensor[] scores;        // {[rows][experts]}
    final int[] chosen;           // [rows][chosen]: experts, ascending
    final float[] weights;        // [rows][chosen]
    final Tensor gathered;        // [rows][hidden]: the rows that one expert gets
    final Tensor[] part;          // {[rows][hidden]}: what it makes of them
    final RowPlacing placing;     // where they came from, and the weight of this expert there
    final PackedMatrix[] gateUp;  // [2 · chosen]: of all experts of one row
    final Tensor[] oneRow;        // [2 · chosen]: {[1][feedForward]} each

    ExpertActivations(final ModelShape shape, final int rowsMax) {
        final ModelShape.Experts experts = shape.experts();
        scores = new Tensor[] {Tensor.ofRows(rowsMax, experts.count())};
        chosen = new int[rowsMax * experts.chosen()];
        weights = new float[rowsMax * experts.chosen()];
        gathered = Tensor.ofRows(rowsMax, shape.hidden());
        part = new Tensor[] {Tensor.ofRows(rowsMax, shape.hidden())};
        placing = new RowPlacing(new int[rowsMax], new float[rowsMax]);
        gateUp = new PackedMatrix[2 * experts.chosen()];
        oneRow = new Tensor[2 * experts.chosen()];
        for (int i = 0; i < oneRow.length; i++) {
            oneRow[i] = Tensor.ofRows(1, experts.feedForward());
        }
    }
}
