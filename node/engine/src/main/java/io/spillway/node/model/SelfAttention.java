package io.spillway.node.model;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.weights.ModelShape;

/** The attention half of a layer: grouped queries over the cached keys and values, with rotary positions. */
final class SelfAttention {
    private final int index;
    private final AttentionWeights weights;
    private final AttentionRule rule;
    private final PackedMatrix[] queryKeyValue;
    private final PackedMatrix[] keyValue;
    private final PackedMatrix[] query;
    private final PackedMatrix[] output;

    SelfAttention(final int index, final AttentionWeights weights, final AttentionRule rule) {
        this.index = index;
        this.weights = weights;
        this.rule = rule;
        queryKeyValue = new PackedMatrix[] {weights.query().matrix(), weights.key().matrix(), weights.value().matrix()};
        keyValue = new PackedMatrix[] {weights.key().matrix(), weights.value().matrix()};
        query = new PackedMatrix[] {weights.query().matrix()};
        output = new PackedMatrix[] {weights.output().matrix()};
    }

    /** Without sinks. */
    static SelfAttention of(final ModelShape shape, final int index, final AttentionWeights weights) {
        return new SelfAttention(index, weights, shape.attention().rule(index, null));
    }

    /** @param s in: what was normed; out: delta, of the wanted rows only when this is the last layer */
    void forward(final Step s) {
        final Activations a = s.a();
        final RotaryRows rotary = s.rotaryOf(index);
        if (s.narrowsAt(index)) {
            remember(s);
            s.narrow();
            s.ops.project(a.normed, s.rows(), query, a.queriesOnly);
        } else {
            s.ops.project(a.normed, s.rows(), queryKeyValue, a.queriesKeysValues);
            store(s, rotary);
        }
        weights.query().finish(s.ops, a.queries, s.rows());
        s.ops.rotate(a.queries, s.rows(), rotary);
        s.ops.attend(s.kv, index, rule, a.queries, a.attended);
        s.ops.project(a.attended, s.rows(), output, a.deltaOnly);
        weights.output().finish(s.ops, a.delta, s.rows());
    }

    /** Writes keys and values. @param s in: what was normed */
    void remember(final Step s) {
        s.ops.project(s.a().normed, s.rows(), keyValue, s.a().keysValues);
        store(s, s.rotaryOf(index));
    }

    private void store(final Step s, final RotaryRows rotary) {
        final Activations a = s.a();
        weights.key().finish(s.ops, a.keys, s.rows());
        weights.value().finish(s.ops, a.values, s.rows());
        s.ops.rotate(a.keys, s.rows(), rotary);
        s.ops.store(s.kv, index, a.keys, a.values);
    }
}
