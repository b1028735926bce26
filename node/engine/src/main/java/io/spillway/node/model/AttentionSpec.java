package io.spillway.node.model;

import static java.util.Objects.requireNonNull;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.Rotary;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightLoader.Part;
import io.spillway.node.weights.WeightMatrix;
import io.spillway.node.weights.WeightName;

/**
 * The attention half of a layer: grouped queries over the cached keys and values, with rotary positions.
 *
 * @param query  [heads · headDim, hidden]
 * @param key    [kvHeads · headDim, hidden]
 * @param value  [kvHeads · headDim, hidden]
 * @param output [hidden, heads · headDim]
 * @param rule   scale, window, cap of scores, sinks
 * @param rotary how its queries and keys are turned: one of the shape's two
 */
public record AttentionSpec(Projection query, Projection key, Projection value, Projection output, AttentionRule rule, Rotary rotary) {
    public AttentionSpec {
        requireNonNull(query, "query");
        requireNonNull(key, "key");
        requireNonNull(value, "value");
        requireNonNull(output, "output");
        requireNonNull(rule, "rule");
        requireNonNull(rotary, "rotary");
    }

    /**
     * One projection and what is done to its result, in that order: bias, norm, and then, of queries and keys, the rotation.
     *
     * @param bias [rows]; null: none
     * @param norm of every head, [headDim]; null: none
     */
    public record Projection(WeightMatrix matrix, float[] bias, RmsNorm norm) {
        public Projection {
            requireNonNull(matrix, "matrix");
        }
    }

    /** Four matrices, with the biases that the file has. */
    static AttentionSpec of(final WeightLoader weights, final int layer) {
        return read(weights, layer, false);
    }

    /** Like {@link #of}, with a norm for the heads of queries and keys. */
    static AttentionSpec withHeadNorms(final WeightLoader weights, final int layer) {
        return read(weights, layer, true);
    }

    private static AttentionSpec read(final WeightLoader weights, final int layer, final boolean headNorms) {
        final ModelShape shape = weights.shape();
        final int queryWidth = shape.attention().queryWidth();
        final int kvWidth = shape.attention().kvWidth();
        final int headDim = shape.attention().headDim();
        return of(shape, layer,
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

    private static AttentionSpec of(final ModelShape shape, final int layer, final Projection query, final Projection key, final Projection value,
            final Projection output) {
        final AttentionRule rule = shape.attention().rule(layer, null);
        return new AttentionSpec(query, key, value, output, rule,
                rule.windowTokens() > 0 ? shape.attention().windowRotary() : shape.attention().rotary());
    }

    /** Queries, keys and values in one matrix, in that order. */
    static AttentionSpec fused(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        final int queryWidth = shape.attention().queryWidth();
        final int kvWidth = shape.attention().kvWidth();
        final int total = queryWidth + 2 * kvWidth;
        return of(shape, layer,
                part(weights, layer, new Part(0, queryWidth, total, shape.hidden())),
                part(weights, layer, new Part(queryWidth, kvWidth, total, shape.hidden())),
                part(weights, layer, new Part(queryWidth + kvWidth, kvWidth, total, shape.hidden())),
                output(weights, layer));
    }

    /** @param sinks a score per query head @return the same with sinks */
    AttentionSpec withSinks(final float[] sinks) {
        return new AttentionSpec(query, key, value, output,
                new AttentionRule(rule.scale(), rule.windowTokens(), rule.softcap(), sinks), rotary);
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
