package io.spillway.node.cuda.model;

import io.spillway.node.compute.RotaryRows;
import io.spillway.node.weights.Rotary;

/** Cosines and sines of every position of a context. Stateless. */
final class RotaryTable {
    private RotaryTable() {
    }

    /** @return [positions][cosines, sines][half] */
    static float[] of(final Rotary rotary, final int positions, final int headDim) {
        final RotaryRows rows = new RotaryRows(rotary.frequencies(), rotary.magnitude(), headDim);
        final int half = rows.half();
        final float[] table = new float[Math.multiplyExact(2 * half, positions)];
        rows.begin(1);
        for (int position = 0; position < positions; position++) {
            rows.set(0, position);
            System.arraycopy(rows.cosines(), 0, table, 2 * position * half, half);
            System.arraycopy(rows.sines(), 0, table, (2 * position + 1) * half, half);
        }
        return table;
    }
}
