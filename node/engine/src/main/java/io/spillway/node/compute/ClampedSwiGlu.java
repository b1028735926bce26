package io.spillway.node.compute;

/** The gated unit of gpt-oss: {@code g·sigmoid(1.702·g)·(u + 1)} with g at most 7 and u within ±7. */
public final class ClampedSwiGlu {
    public static final float ALPHA = 1.702f;
    public static final float LIMIT = 7f;

    private ClampedSwiGlu() {
    }

    /** @return the gated value, in a fixed sequence of operations */
    public static float of(final float gate, final float up) {
        final float g = Math.min(gate, LIMIT);
        final float u = Math.max(Math.min(up, LIMIT), -LIMIT);
        return g / (1f + Exp.of(g * -ALPHA)) * (u + 1f);
    }
}
