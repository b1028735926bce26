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

    private final double[] frequencies;         // [headDim / 2], radians per position
    private float[][] pages = new float[0][];   // [pages][PAGE_POSITIONS][cosines, sines][headDim / 2]; null until needed
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
        final float[] page = page(position / PAGE_POSITIONS);
        final int at = position % PAGE_POSITIONS * 2 * half();
        System.arraycopy(page, at, cosines, row * half(), half());
        System.arraycopy(page, at + half(), sines, row * half(), half());
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
            page[at + i] = (float) StrictMath.cos(angle);
            page[at + half() + i] = (float) StrictMath.sin(angle);
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
