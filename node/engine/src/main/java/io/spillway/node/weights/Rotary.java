package io.spillway.node.weights;

/**
 * How positions turn queries and keys, scaling applied.
 *
 * @param frequencies radians per position of each rotated pair of dimensions
 * @param magnitude   what sines and cosines are multiplied by
 */
public record Rotary(double[] frequencies, float magnitude) {
    /** @return the frequencies of {@code rotatedDims} dimensions: base^(−2i / rotatedDims) */
    static double[] frequencies(final double base, final int rotatedDims) {
        final double[] frequencies = new double[rotatedDims / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = StrictMath.pow(base, -2.0 * i / rotatedDims);
        }
        return frequencies;
    }

    /** @return whether both are the same rotation */
    boolean same(final Rotary other) {
        return magnitude == other.magnitude && java.util.Arrays.equals(frequencies, other.frequencies);
    }
}
