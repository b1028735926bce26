package io.spillway.node.model;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/** A layer of the qwen3 architecture: like llama's, with every query and key head normalised before it is rotated. */
final class Qwen3Layer implements DecoderLayer {
    private final int index;
    private final RmsNorm attentionNorm;
    private final PackedMatrix[] queryKeyValue;    // [heads·headDim, hidden], 2 × [kvHeads·headDim, hidden]
    private final RmsNorm queryNorm;               // [headDim]
    private final RmsNorm keyNorm;                 // [headDim]
    private final PackedMatrix[] attentionOutput;  // [hidden, heads·headDim]
    private final AttentionRule attention;
    private final FeedForward feedForward;

    Qwen3Layer(final WeightLoader weights, final int index) {
        final ModelShape shape = weights.shape();
        final int queryWidth = shape.attention().queryWidth();
        final int kvWidth = shape.attention().kvWidth();
        this.index = index;
        attentionNorm = weights.norm(WeightName.ATTENTION_NORM, index, shape.hidden());
        queryKeyValue = new PackedMatrix[] {
            weights.rotaryMatrix(WeightName.QUERY, index, queryWidth, shape.hidden()),
            weights.rotaryMatrix(WeightName.KEY, index, kvWidth, shape.hidden()),
            weights.matrix(WeightName.VALUE, index, kvWidth, shape.hidden())};
        queryNorm = weights.norm(WeightName.QUERY_NORM, index, shape.attention().headDim());
        keyNorm = weights.norm(WeightName.KEY_NORM, index, shape.attention().headDim());
        attentionOutput = new PackedMatrix[] {weights.matrix(WeightName.ATTENTION_OUTPUT, index, shape.hidden(), queryWidth)};
        attention = AttentionRule.causal(shape.attention().headDim());
        feedForward = new FeedForward(weights, index);
    }

    @Override
    public void forward(final TensorOps ops, final Activations a, final KvRows kv, final RotaryRows rotary) {
        final int rows = kv.rowCount();
        ops.rmsNorm(a.residual, rows, attentionNorm, a.normed);
        ops.project(a.normed, rows, queryKeyValue, a.queriesKeysValues);
        ops.rmsNormHeads(a.queries, rows, queryNorm);
        ops.rmsNormHeads(a.keys, rows, keyNorm);
        ops.rotate(a.queries, rows, rotary);
        ops.rotate(a.keys, rows, rotary);
        ops.store(kv, index, a.keys, a.values);
        ops.attend(kv, index, attention, a.queries, a.attended);
        ops.project(a.attended, rows, attentionOutput, a.delta);
        ops.add(a.residual, a.delta[0], rows);
        feedForward.forward(ops, a, rows);
    }
}
