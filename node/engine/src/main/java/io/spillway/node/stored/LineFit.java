package io.spillway.node.stored;

/**
 * Fits {@code scale · q − minimum}, q of 0 to 15, scale and minimum not negative, to 32 numbers with the least squared error:
 * from several first guesses of the scale, in turns the nearest q for a line, and the best line for the q. Scratch memory of
 * one thread.
 */
final class LineFit {
    private static final int COLUMNS = 32;
    private static final int LEVELS = 15;
    private static final int TURNS = 3;
    // Adding and subtracting it rounds to an integer, ties to even.
    private static final float ROUND = 0x1.8p23f;
    // First guesses: the whole range over these many steps. Fewer than 15 clip nothing; more clip the outermost.
    private static final float[] STEPS = {14.25f, 15f, 16f, 17f, 18.5f};

    private float scale;
    private float minimum;
    private double error;

    float scale() {
        return scale;
    }

    float minimum() {
        return minimum;
    }

    /** Fits the 32 numbers from {@code from} on. */
    void fit(final float[] x, final int from) {
        float low = 0;
        float high = x[from];
        for (int i = from; i < from + COLUMNS; i++) {
            low = Math.min(low, x[i]);
            high = Math.max(high, x[i]);
        }
        scale = 0;
        minimum = -low;
        error = error(x, from, 0, minimum);
        for (final float steps : STEPS) {
            final float guess = (high - low) / steps;
            if (guess > 0) {
                // Clip both ends alike, unless zero is one of them.
                final float clipped = low < 0 ? Math.max(0, (steps - LEVELS) * guess / 2) : 0;
                turns(x, from, guess, Math.max(0, -low - clipped));
            }
        }
    }

    private void turns(final float[] x, final int from, final float firstScale, final float firstMinimum) {
        float a = firstScale;
        float b = firstMinimum;
        double last = Double.MAX_VALUE;
        for (int turn = 0; turn <= TURNS && a > 0; turn++) {
            final double found = error(x, from, a, b);
            if (found < error) {
                error = found;
                scale = a;
                minimum = b;
            }
            if (found >= last) {
                return;
            }
            last = found;
            final float inverse = 1 / a;
            float q1 = 0;
            float q2 = 0;
            float xs = 0;
            float qx = 0;
            for (int i = from; i < from + COLUMNS; i++) {
                final float q = level(x[i], b, inverse);
                q1 += q;
                q2 += q * q;
                xs += x[i];
                qx += q * x[i];
            }
            final float determinant = COLUMNS * q2 - q1 * q1;
            if (determinant <= 0) {
                return;
            }
            a = (COLUMNS * qx - q1 * xs) / determinant;
            b = (q1 * qx - q2 * xs) / determinant;
            if (b < 0) {
                b = 0;
                a = q2 > 0 ? qx / q2 : 0;
            }
        }
    }

    private static float level(final float x, final float minimum, final float inverse) {
        final float q = (x + minimum) * inverse;
        final float bounded = q < 0 ? 0 : q > LEVELS ? LEVELS : q;
        return bounded + ROUND - ROUND;
    }

    /** @return the squared error of the line with the nearest q */
    static double error(final float[] x, final int from, final float scale, final float minimum) {
        final float inverse = scale > 0 ? 1 / scale : 0;
        float even = 0;
        float odd = 0;
        for (int i = from; i < from + COLUMNS; i += 2) { // two sums: additions do not wait for each other
            final float first = scale * level(x[i], minimum, inverse) - minimum - x[i];
            final float second = scale * level(x[i + 1], minimum, inverse) - minimum - x[i + 1];
            even += first * first;
            odd += second * second;
        }
        return even + odd;
    }

    /** Writes the nearest q of every number. */
    static void quantise(final float[] x, final int from, final float scale, final float minimum, final byte[] q) {
        final float inverse = scale > 0 ? 1 / scale : 0;
        for (int i = from; i < from + COLUMNS; i++) {
            q[i] = (byte) level(x[i], minimum, inverse);
        }
    }
}
