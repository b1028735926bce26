package io.spillway.node.compute;

import java.util.Arrays;

/**
 * Sines and cosines of the rotary embedding for the rows of one step, used by every layer.
 *
 * <p>Angles are computed in double precision with {@link StrictMath}, whose results are the same on every machine, once per
 * position: pages of positions are filled when the first of them is needed and kept. Single writer: the engine thread.
 */
public final class RotaryRows {
    private static final int PAGE_POSITIONS = 128;

    private final double[] frequencies;         // [half], radians per position
    private final float magnitude;
    private final int headDim;
    private float[][] pages = new float[0][];   // [pages][PAGE_POSITIONS][cosines, sines][half]; null until needed
    private float[] cosines = new float[0];     // [rows][half]
    private float[] sines = new float[0];       // [rows][half]

    /** Rotates whole heads. @param frequencies radians per position of each pair of dimensions, {@code [headDim / 2]} */
    public RotaryRows(final double[] frequencies) {
        this(frequencies, 1f, 2 * frequencies.length);
    }

    /**
     * @param frequencies radians per position of each rotated pair of dimensions, {@code [half]}
     * @param magnitude   what sines and cosines are multiplied by
     * @param headDim     size of a head, at least {@code 2 · half}
     */
    public RotaryRows(final double[] frequencies, final float magnitude, final int headDim) {
        if (2 * frequencies.length > headDim) {
            throw new IllegalArgumentException(frequencies.length + " pairs do not fit a head of " + headDim);
        }
        this.frequencies = frequencies.clone();
        this.magnitude = magnitude;
        this.headDim = headDim;
    }

    /** @return rotated pairs of dimensions, at most half the head's size */
    public int half() {
        return frequencies.length;
    }

    /** @return dimensions of a head */
    public int headDim() {
        return headDim;
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
        final float[] page = page(position / PAGE_POSITIONS);
        final int at = position % PAGE_POSITIONS * 2 * half();
        System.arraycopy(page, at, cosines, row * half(), half());
        System.arraycopy(page, at + half(), sines, row * half(), half());
    }

    /** Keeps some rows, which move to the front. @param rows ascending */
    public void keep(final int[] rows, final int count) {
        for (int i = 0; i < count; i++) {
            System.arraycopy(cosines, rows[i] * half(), cosines, i * half(), half());
            System.arraycopy(sines, rows[i] * half(), sines, i * half(), half());
        }
    }

    private float[] page(final int index) {
        if (index >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(index + 1, 2 * pages.length));
        }
        if (pages[index] == null) {
            pages[index] = new float[PAGE_POSITIONS * 2 * half()];
            for (int position = 0; position < PAGE_POSITIONS; position++) {
                fill(pages[index], position * 2 * half(), index * PAGE_POSITIONS + position);
            }
        }
        return pages[index];
    }

    private void fill(final float[] page, final int at, final int position) {
        for (int i = 0; i < half(); i++) {
            final double angle = position * frequencies[i];
            page[at + i] = (float) (magnitude * StrictMath.cos(angle));
            page[at + half() + i] = (float) (magnitude * StrictMath.sin(angle));
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
