package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.Tensor;
import java.util.Random;

/** Random numbers, ordinary and extreme, and how results are compared. */
final class Numbers {
    private static final float[] EXTREMES = {0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, 1e-40f, Float.MIN_NORMAL, 1e30f, -1e30f, Float.MAX_VALUE,
        -Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 65504f, 65520f, -65536f, 5.9604645e-8f, 2.9802322e-8f, 87f, -87.5f, 1f, -1f};

    private Numbers() {
    }

    static Tensor tensor(final Random random, final int rows, final int width, final float spread) {
        final Tensor tensor = Tensor.ofRows(rows, width);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = (float) random.nextGaussian() * spread;
        }
        return tensor;
    }

    /** One number in four is extreme. */
    static Tensor extremes(final Random random, final int rows, final int width) {
        final Tensor tensor = tensor(random, rows, width, 3);
        for (int i = 0; i < tensor.values().length; i++) {
            if (random.nextInt(4) == 0) {
                tensor.values()[i] = EXTREMES[random.nextInt(EXTREMES.length)];
            }
        }
        return tensor;
    }

    static Tensor copy(final Tensor tensor) {
        return new Tensor(tensor.values().clone(), tensor.width());
    }

    /** NaNs are all alike. */
    static void assertSameBits(final float[] actual, final float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
                throw new AssertionError("element " + i + " is " + actual[i] + ", not " + expected[i]);
            }
        }
    }

    /** @param bounds largest error of each element */
    static void assertWithin(final float[] actual, final float[] expected, final double[] bounds) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i]) && !(Math.abs((double) actual[i] - expected[i]) <= bounds[i])) {
                throw new AssertionError("element " + i + " is " + actual[i] + ", not " + expected[i] + " within " + bounds[i]);
            }
        }
    }
}
