package io.spillway.node.compute;

/**
 * Sines and cosines of the rotary embedding for the rows of one step: computed once per step, used by every layer.
 *
 * <p>Angles are computed in double precision with {@link StrictMath}, whose results are the same on every machine.
 * Single writer: the engine thread.
 */
public final class RotaryRows {
    private final double[] frequencies;         // [headDim / 2], radians per position
    private float[] cosines = new float[0];     // [rows][headDim / 2]
    private float[] sines = new float[0];       // [rows][headDim / 2]

    /** @param frequencies radians per position of each pair of dimensions, {@code [headDim / 2]} */
    public RotaryRows(final double[] frequencies) {
        this.frequencies = frequencies.clone();
    }

    /** @return pairs of dimensions: half the head's size */
    public int half() {
        return frequencies.length;
    }

    /** Makes room for {@code rows}. */
    public void begin(final int rows) {
        if (cosines.length < rows * half()) {
            cosines = new float[rows * half()];
            sines = new float[rows * half()];
        }
    }

    /** Fills one row. */
    public void set(final int row, final int position) {
        for (int i = 0; i < half(); i++) {
            final double angle = position * frequencies[i];
            cosines[row * half() + i] = (float) StrictMath.cos(angle);
            sines[row * half() + i] = (float) StrictMath.sin(angle);
        }
    }

    /** @return {@code [rows][half]}, borrowed until the next step */
    public float[] cosines() {
        return cosines;
    }

    /** @return {@code [rows][half]}, borrowed until the next step */
    public float[] sines() {
        return sines;
    }
}
