package io.spillway.node.model;

import io.spillway.node.compute.Tensor;
import io.spillway.node.weights.ModelShape;

/** Intermediate results of one step; allocated once for the largest step seen. Single writer: the engine thread. */
final class Activations {
    final Tensor residual;      // [rows][hidden]
    final Tensor normed;        // [rows][hidden]
    final Tensor queries;       // [rows][heads · headDim]
    final Tensor keys;          // [rows][kvHeads · headDim]
    final Tensor values;        // [rows][kvHeads · headDim]
    final Tensor attended;      // [rows][heads · headDim]
    final Tensor gate;          // [rows][feedForward]
    final Tensor up;            // [rows][feedForward]
    final Tensor delta;         // [rows][hidden]
    final ExpertActivations experts; // null: the model has none
    final Tensor[] queriesKeysValues;
    final Tensor[] keysValues;
    final Tensor[] queriesOnly;
    final Tensor[] gateUp;
    final Tensor[] deltaOnly;

    Activations(final ModelShape shape, final int rowsMax) {
        residual = Tensor.ofRows(rowsMax, shape.hidden());
        normed = Tensor.ofRows(rowsMax, shape.hidden());
        queries = Tensor.ofRows(rowsMax, shape.attention().queryWidth());
        keys = Tensor.ofRows(rowsMax, shape.attention().kvWidth());
        values = Tensor.ofRows(rowsMax, shape.attention().kvWidth());
        attended = Tensor.ofRows(rowsMax, shape.attention().queryWidth());
        gate = Tensor.ofRows(rowsMax, shape.feedForward());
        up = Tensor.ofRows(rowsMax, shape.feedForward());
        delta = Tensor.ofRows(rowsMax, shape.hidden());
        experts = shape.experts().count() == 0 ? null : new ExpertActivations(shape, rowsMax);
        queriesKeysValues = new Tensor[] {queries, keys, values};
        keysValues = new Tensor[] {keys, values};
        queriesOnly = new Tensor[] {queries};
        gateUp = new Tensor[] {gate, up};
        deltaOnly = new Tensor[] {delta};
    }

    int rowsMax() {
        return residual.rowsMax();
    }
}
