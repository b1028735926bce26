package io.spillway.node.compute;

/** Orders of summation that scalar and vector kernels share, whatever the width of a vector. */
public final class Lanes {
    /** Partial sums of a reduction: element i goes to lane i mod 16. */
    public static final int COUNT = 16;

    private Lanes() {
    }

    /** @return the sum of 16 lanes as a balanced tree: lane i with lane i + 8, then + 4, + 2, + 1; clobbers {@code lanes} */
    public static float sum(final float[] lanes) {
        for (int distance = COUNT / 2; distance > 0; distance /= 2) {
            for (int lane = 0; lane < distance; lane++) {
                lanes[lane] += lanes[lane + distance];
            }
        }
        return lanes[0];
    }

    /** @return 1 / √(squares / width + epsilon) */
    public static float inverseRms(final float squares, final int width, final float epsilon) {
        return (float) (1.0 / Math.sqrt(squares / width + epsilon));
    }

    /** @return 1 / √headDim, by which queries are multiplied before they meet the keys */
    public static float attentionScale(final int headDim) {
        return (float) (1.0 / Math.sqrt(headDim));
    }
}
