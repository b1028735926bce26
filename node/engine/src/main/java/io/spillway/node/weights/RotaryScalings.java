package io.spillway.node.weights;

/** The arithmetic of rotary scalings, whatever file they come from. Frequencies are changed in place. Stateless. */
final class RotaryScalings {
    private static final double RAMP_MIN = 0.001;

    private RotaryScalings() {
    }

    /**
     * What YaRN wants to know.
     *
     * @param base      of the frequencies
     * @param original  positions that the model was trained on first
     * @param factor    how many times more there are now
     * @param betaFast  pairs that turn more often than this within {@code original} keep their frequency
     * @param betaSlow  pairs that turn less often are stretched by the factor
     * @param truncated whether the dimensions between which it changes are whole numbers
     */
    record Yarn(double base, double original, double factor, double betaFast, double betaSlow, boolean truncated) {
        static final double BETA_FAST_DEFAULT = 32;
        static final double BETA_SLOW_DEFAULT = 1;

        /** @return the (fractional) pair that turns that often within the original context */
        private double pairTurning(final double turns, final int rotatedDims) {
            return rotatedDims * StrictMath.log(original / (turns * 2 * Math.PI)) / (2 * StrictMath.log(base));
        }
    }

    /** All positions move closer together. */
    static void linear(final double[] frequencies, final double factor) {
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] /= factor;
        }
    }

    /** A factor per pair. */
    static void perPair(final double[] frequencies, final float[] factors) {
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] /= factors[i];
        }
    }

    /** Long waves are stretched by the factor, short ones kept, those between interpolated. */
    static void yarn(final double[] frequencies, final Yarn yarn) {
        final int rotatedDims = 2 * frequencies.length;
        double low = yarn.pairTurning(yarn.betaFast(), rotatedDims);
        double high = yarn.pairTurning(yarn.betaSlow(), rotatedDims);
        if (yarn.truncated()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(0, low);
        high = Math.min(rotatedDims - 1, high);
        for (int i = 0; i < frequencies.length; i++) {
            final double stretched = Math.clamp((i - low) / Math.max(RAMP_MIN, high - low), 0.0, 1.0);
            frequencies[i] = stretched * frequencies[i] / yarn.factor() + (1 - stretched) * frequencies[i];
        }
    }

    /** @return by how much YaRN sharpens attention: 0.1 · weight · ln(factor) + 1 */
    static double yarnMagnitude(final double factor, final double weight) {
        return factor <= 1 ? 1 : 0.1 * weight * StrictMath.log(factor) + 1;
    }

    /**
     * Llama 3's: by wavelength instead of by dimension.
     *
     * @param low  turns within {@code original} below which a pair is stretched by the factor
     * @param high turns above which it is kept
     */
    static void llama3(final double[] frequencies, final double factor, final double low, final double high, final double original) {
        for (int i = 0; i < frequencies.length; i++) {
            final double turns = original * frequencies[i] / (2 * Math.PI);
            final double kept = Math.clamp((turns - low) / (high - low), 0.0, 1.0);
            frequencies[i] = (1 - kept) * frequencies[i] / factor + kept * frequencies[i];
        }
    }

    /** @return by how much LongRoPE sharpens attention, where the model does not say */
    static double longRopeMagnitude(final double factor, final double original) {
        return factor <= 1 ? 1 : Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(original));
    }
}
