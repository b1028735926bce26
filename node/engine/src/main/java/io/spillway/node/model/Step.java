package io.spillway.node.model;

import io.spillway.node.compute.Collective;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.Rotary;
import java.util.Arrays;

/**
 * One step on its way through the layers: which rows, where their keys and values lie, how they are turned, and the
 * intermediate results. Refilled every step; single writer: the engine thread.
 */
final class Step {
    final TensorOps ops;                // borrowed
    final KvRows kv;                    // the heads of this rank
    private final Collective collective; // borrowed
    private final boolean sharesKv;     // another rank writes, or reads, the same heads
    private final ModelShape shape;
    private final RotaryRows rotary;
    private final RotaryRows windowRotary; // the same object when all layers turn alike
    private Activations activations;
    private int rows;
    private int[] wanted = new int[0];  // [rows]: those whose output is wanted, ascending
    private int wantedCount;

    Step(final DecoderShard shard, final TensorOps ops, final Collective collective) {
        shape = shard.spec().shape();
        this.ops = ops;
        this.collective = collective;
        sharesKv = shard.heads().isShared();
        kv = new KvRows(shard.heads().firstKvHead(shard.rank()), shard.heads().rankKvHeads());
        final ModelShape.Attention attention = shape.attention();
        rotary = rows(attention.rotary(), attention.headDim());
        windowRotary = attention.rotatesAlike() ? rotary : rows(attention.windowRotary(), attention.headDim());
        activations = new Activations(shape, 1);
    }

    private static RotaryRows rows(final Rotary rotary, final int headDim) {
        return new RotaryRows(rotary.frequencies(), rotary.magnitude(), headDim);
    }

    /** Makes room, and notes which rows are wanted. The caller begins {@link #kv} afterwards, for {@link Activations#rowsMax} rows. */
    void begin(final StepBatch batch) {
        rows = batch.rowCount();
        if (rows > activations.rowsMax()) {
            activations = new Activations(shape, Math.max(rows, 2 * activations.rowsMax()));
        }
        rotary.begin(activations.rowsMax());
        windowRotary.begin(activations.rowsMax());
        wantedCount = batch.logitsRowCount();
        if (wanted.length < wantedCount) {
            wanted = new int[Math.max(wantedCount, 2 * wanted.length)];
        }
        for (int i = 0; i < wantedCount; i++) {
            wanted[i] = batch.logitsRow(i);
        }
    }

    /** Turns a row by its position. */
    void rotary(final int row, final int position) {
        rotary.set(row, position);
        if (windowRotary != rotary) {
            windowRotary.set(row, position);
        }
    }

    /** @param which one of the shape's two */
    RotaryRows rotaryOf(final Rotary which) {
        return which == shape.attention().rotary() ? rotary : windowRotary;
    }

    Activations a() {
        return activations;
    }

    /** @return rows that are still computed: all, until {@link #narrow} leaves the wanted ones */
    int rows() {
        return rows;
    }

    /** @return whether this is the last layer and only some rows are wanted: the others end with their keys and values */
    boolean narrowsAt(final int layer) {
        return layer == shape.layers() - 1 && wantedCount < rows;
    }

    /** @return whether any row's output is wanted */
    boolean wantsOutput() {
        return wantedCount > 0;
    }

    /** Leaves the wanted rows, which move to the front of the residual stream and of what was normed. */
    void narrow() {
        final int hidden = shape.hidden();
        for (int i = 0; i < wantedCount; i++) {
            System.arraycopy(activations.residual.values(), wanted[i] * hidden, activations.residual.values(), i * hidden, hidden);
            System.arraycopy(activations.normed.values(), wanted[i] * hidden, activations.normed.values(), i * hidden, hidden);
        }
        kv.keep(wanted, wantedCount);
        rotary.keep(wanted, wantedCount);
        if (windowRotary != rotary) {
            windowRotary.keep(wanted, wantedCount);
        }
        rows = wantedCount;
    }

    /** {@code normed = norm(residual)}. */
    void norm(final RmsNorm norm) {
        ops.rmsNorm(activations.residual, rows, norm, activations.normed);
    }

    /** {@code delta = norm(delta)}. */
    void normDelta(final RmsNorm norm) {
        ops.rmsNorm(activations.delta, rows, norm, activations.delta);
    }

    /** {@code delta} becomes the sum of all ranks'. */
    void sumDelta() {
        collective.sum(activations.delta, rows);
    }

    /** Waits until keys and values of this step are written, where another rank writes them. */
    void awaitKv() {
        if (sharesKv) {
            collective.meet();
        }
    }

    /** {@code residual += delta}. */
    void addDelta() {
        ops.add(activations.residual, activations.delta, rows);
    }

    /** {@code delta = 0}. */
    void clearDelta() {
        Arrays.fill(activations.delta.values(), 0, rows * shape.hidden(), 0f);
    }
}
