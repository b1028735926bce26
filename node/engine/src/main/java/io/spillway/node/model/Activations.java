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
    final Tensor[] delta;       // {[rows][hidden]}
    final Tensor[] queriesKeysValues;
    final Tensor[] gateUp;

    Activations(final ModelShape shape, final int rowsMax) {
        residual = Tensor.ofRows(rowsMax, shape.hidden());
        normed = Tensor.ofRows(rowsMax, shape.hidden());
        queries = Tensor.ofRows(rowsMax, shape.attention().queryWidth());
        keys = Tensor.ofRows(rowsMax, shape.attention().kvWidth());
        values = Tensor.ofRows(rowsMax, shape.attention().kvWidth());
        attended = Tensor.ofRows(rowsMax, shape.attention().queryWidth());
        gate = Tensor.ofRows(rowsMax, shape.feedForward());
        up = Tensor.ofRows(rowsMax, shape.feedForward());
        delta = new Tensor[] {Tensor.ofRows(rowsMax, shape.hidden())};
        queriesKeysValues = new Tensor[] {queries, keys, values};
        gateUp = new Tensor[] {gate, up};
    }

    int rowsMax() {
        return residual.rowsMax();
    }
}
