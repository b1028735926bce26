package io.spillway.node.compute;

import static java.util.Objects.requireNonNull;

/**
 * Activations: rows of {@code width} floats, row-major and dense. One row per token of the step. The number of rows in use
 * is the caller's to know; {@link #rowsMax()} fit.
 *
 * @param values [rowsMax][width]
 */
public record Tensor(float[] values, int width) {
    public Tensor {
        requireNonNull(values, "values");
        if (width <= 0) {
            throw new IllegalArgumentException("width must be positive: " + width);
        }
    }

    /** @return a zeroed tensor */
    public static Tensor ofRows(final int rowsMax, final int width) {
        return new Tensor(new float[Math.multiplyExact(rowsMax, width)], width);
    }

    /** @return rows that fit */
    public int rowsMax() {
        return values.length / width;
    }
}
