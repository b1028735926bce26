package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.Tensor;

/** The attention half of a layer at work. */
final class SelfAttention {
    private final int index;
    private final AttentionSpec spec;
    private final PackedMatrix[] queryKeyValue; // null: another rank writes keys and values
    private final PackedMatrix[] keyValue;      // likewise
    private final PackedMatrix[] query;
    private final PackedMatrix[] output;

    /** Loads the matrices. @param index of the layer @param keepsKv whether keys and values are written here, not by another rank */
    SelfAttention(final int index, final AttentionSpec spec, final boolean keepsKv) {
        this.index = index;
        this.spec = spec;
        query = new PackedMatrix[] {spec.query().matrix().load()};
        keyValue = keepsKv ? new PackedMatrix[] {spec.key().matrix().load(), spec.value().matrix().load()} : null;
        queryKeyValue = keepsKv ? new PackedMatrix[] {query[0], keyValue[0], keyValue[1]} : null;
        output = new PackedMatrix[] {spec.output().matrix().load()};
    }

    /** @param s in: what was normed; out: delta, of the wanted rows only when this is the last layer */
    void forward(final Step s) {
        final Activations a = s.a();
        final RotaryRows rotary = s.rotaryOf(spec.rotary());
        if (s.narrowsAt(index)) {
            remember(s);
            s.narrow();
            s.ops.project(a.normed, s.rows(), query, a.queriesOnly);
        } else if (keyValue == null) {
            s.ops.project(a.normed, s.rows(), query, a.queriesOnly);
        } else {
            s.ops.project(a.normed, s.rows(), queryKeyValue, a.queriesKeysValues);
            store(s, rotary);
        }
        finish(s, spec.query(), a.queries);
        s.ops.rotate(a.queries, s.rows(), rotary);
        s.awaitKv();
        s.ops.attend(s.kv, index, spec.rule(), a.queries, a.attended);
        s.ops.project(a.attended, s.rows(), output, a.deltaOnly);
        finish(s, spec.output(), a.delta);
    }

    /** Writes keys and values. @param s in: what was normed */
    void remember(final Step s) {
        if (keyValue != null) {
            s.ops.project(s.a().normed, s.rows(), keyValue, s.a().keysValues);
            store(s, s.rotaryOf(spec.rotary()));
        }
    }

    private void store(final Step s, final RotaryRows rotary) {
        final Activations a = s.a();
        finish(s, spec.key(), a.keys);
        finish(s, spec.value(), a.values);
        s.ops.rotate(a.keys, s.rows(), rotary);
        s.ops.store(s.kv, index, a.keys, a.values);
    }

    private static void finish(final Step s, final AttentionSpec.Projection projection, final Tensor x) {
        if (projection.bias() != null) {
            s.ops.addBias(x, s.rows(), projection.bias());
        }
        if (projection.norm() != null) {
            s.ops.rmsNormHeads(x, s.rows(), projection.norm());
        }
    }
}
