package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightLoader.Part;
import io.spillway.node.weights.WeightName;

/**
 * The projections of an attention half. Biases and norms are null where the model has none.
 *
 * @param query  [heads · headDim, hidden]
 * @param key    [kvHeads · headDim, hidden]
 * @param value  [kvHeads · headDim, hidden]
 * @param output [hidden, heads · headDim]
 */
record AttentionWeights(Projection query, Projection key, Projection value, Projection output) {
    /**
     * One projection and what is done to its result.
     *
     * @param bias [rows]
     * @param norm of every head, [headDim]
     */
    record Projection(PackedMatrix matrix, float[] bias, RmsNorm norm) {
        void finish(final TensorOps ops, final Tensor x, final int rows) {
            if (bias != null) {
                ops.addBias(x, rows, bias);
            }
            if (norm != null) {
                ops.rmsNormHeads(x, rows, norm);
            }
        }
    }

    /** Four matrices, with the biases that the file has. */
    static AttentionWeights of(final WeightLoader weights, final int layer) {
        return load(weights, layer, false);
    }

    /** Like {@link #of}, with a norm for the heads of queries and keys. */
    static AttentionWeights withHeadNorms(final WeightLoader weights, final int layer) {
        return load(weights, layer, true);
    }

    private static AttentionWeights load(final WeightLoader weights, final int layer, final boolean headNorms) {
        final ModelShape shape = weights.shape();
        final int queryWidth = shape.attention().queryWidth();
        final int kvWidth = shape.attention().kvWidth();
        final int headDim = shape.attention().headDim();
        return new AttentionWeights(
                new Projection(weights.rotaryMatrix(WeightName.QUERY, layer, queryWidth, shape.hidden()),
                        weights.has(WeightName.QUERY_BIAS) ? weights.rotaryVector(WeightName.QUERY_BIAS, layer, queryWidth) : null,
                        headNorms ? weights.norm(WeightName.QUERY_NORM, layer, headDim) : null),
                new Projection(weights.rotaryMatrix(WeightName.KEY, layer, kvWidth, shape.hidden()),
                        weights.has(WeightName.KEY_BIAS) ? weights.rotaryVector(WeightName.KEY_BIAS, layer, kvWidth) : null,
                        headNorms ? weights.norm(WeightName.KEY_NORM, layer, headDim) : null),
                new Projection(weights.matrix(WeightName.VALUE, layer, kvWidth, shape.hidden()),
                        bias(weights, WeightName.VALUE_BIAS, layer, kvWidth), null),
                output(weights, layer));
    }

    /** Queries, keys and values in one matrix, in that order. */
    static AttentionWeights fused(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        final int queryWidth = shape.attention().queryWidth();
        final int kvWidth = shape.attention().kvWidth();
        final int total = queryWidth + 2 * kvWidth;
        return new AttentionWeights(
                part(weights, layer, new Part(0, queryWidth, total, shape.hidden())),
                part(weights, layer, new Part(queryWidth, kvWidth, total, shape.hidden())),
                part(weights, layer, new Part(queryWidth + kvWidth, kvWidth, total, shape.hidden())),
                output(weights, layer));
    }

    private static Projection part(final WeightLoader weights, final int layer, final Part part) {
        return new Projection(weights.part(WeightName.QUERY_KEY_VALUE, layer, part), null, null);
    }

    private static Projection output(final WeightLoader weights, final int layer) {
        final int hidden = weights.shape().hidden();
        return new Projection(weights.matrix(WeightName.ATTENTION_OUTPUT, layer, hidden, weights.shape().attention().queryWidth()),
                bias(weights, WeightName.ATTENTION_OUTPUT_BIAS, layer, hidden), null);
    }

    private static float[] bias(final WeightLoader weights, final WeightName name, final int layer, final int length) {
        return weights.has(name) ? weights.vector(name, layer, length) : null;
    }
}
