package io.spillway.node.compute;

/**
 * The Gaussian error linear unit in its tanh form, ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), which is x·sigmoid of twice the
 * inner part: that way nothing cancels for negative x.
 */
public final class Gelu {
    /** 2·√(2/π). */
    public static final float LINEAR = 1.5957691216f;
    /** 2·√(2/π)·0.044715. */
    public static final float CUBIC = 0.0713548162726f;

    private Gelu() {
    }

    /** @return gelu x, in a fixed sequence of operations */
    public static float of(final float x) {
        final float inner = x * Math.fma(x * x, CUBIC, LINEAR);
        return x / (1f + Exp.of(-inner));
    }
}
