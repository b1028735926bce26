package io.spillway.node.model;

import java.util.Arrays;

/**
 * Neighbouring elements of a dimension: what one rank of several has of it.
 *
 * @param first from 0
 * @param count at least one
 */
record Stretch(int first, int count) {
    /** Widths are cut at multiples of this where that leaves something for everybody: what kernels read at a time. */
    private static final int UNIT = 32;

    /**
     * Divides a width as evenly as its blocks allow; the first ranks may get a block less than the last.
     *
     * @param blockColumns columns that must stay together
     * @return null when there are fewer blocks than ranks
     */
    static Stretch ofWidth(final int width, final int blockColumns, final int rank, final int ranks) {
        final Stretch comfortable = inUnits(width, Math.max(UNIT, blockColumns), rank, ranks);
        return comfortable != null ? comfortable : inUnits(width, blockColumns, rank, ranks);
    }

    private static Stretch inUnits(final int width, final int unit, final int rank, final int ranks) {
        final int units = Math.ceilDiv(width, unit);
        if (units < ranks) {
            return null;
        }
        final int from = (int) ((long) units * rank / ranks) * unit;
        final int to = Math.min(width, (int) ((long) units * (rank + 1) / ranks) * unit);
        return new Stretch(from, to - from);
    }

    /** @return the elements of a vector; null of null */
    float[] of(final float[] vector) {
        return vector == null ? null : Arrays.copyOfRange(vector, first, first + count);
    }

    /** @return the elements of each vector */
    float[][] of(final float[][] vectors) {
        return Arrays.stream(vectors).map(this::of).toArray(float[][]::new);
    }
}
