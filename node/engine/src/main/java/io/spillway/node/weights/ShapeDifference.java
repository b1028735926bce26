package io.spillway.node.weights;

import java.util.Optional;

/** Compares what two files say of a model. Stateless. */
public final class ShapeDifference {
    /** Files keep numbers as 32-bit floats, or as decimals. */
    private static final double RELATIVE = 1e-6;

    private ShapeDifference() {
    }

    /** @return what the two differ in, in words for people; empty when a model of either computes the same, but for roundings of a float */
    public static Optional<String> between(final ModelShape a, final ModelShape b) {
        final ModelShape.Attention x = a.attention();
        final ModelShape.Attention y = b.attention();
        if (a.architecture() != b.architecture() && !(plainLlama(a) && plainLlama(b))) {
            return Optional.of("architecture: " + a.architecture() + " and " + b.architecture());
        }
        if (a.layers() != b.layers() || a.hidden() != b.hidden() || a.feedForward() != b.feedForward() || a.contextTokens() != b.contextTokens()
                || x.heads() != y.heads() || x.kvHeads() != y.kvHeads() || x.headDim() != y.headDim()) {
            return Optional.of("sizes");
        }
        if (!a.experts().equals(b.experts())) {
            return Optional.of("experts: " + a.experts() + " and " + b.experts());
        }
        if (far(a.epsilon(), b.epsilon())) {
            return Optional.of("epsilon of the norms: " + a.epsilon() + " and " + b.epsilon());
        }
        if (far(x.scale(), y.scale())) {
            return Optional.of("scale of the queries: " + x.scale() + " and " + y.scale());
        }
        if (far(x.softcap(), y.softcap()) || far(a.scaling().logitSoftcap(), b.scaling().logitSoftcap())
                || far(a.scaling().embedding(), b.scaling().embedding())) {
            return Optional.of("softcaps");
        }
        for (int layer = 0; layer < a.layers(); layer++) {
            if (x.windows().tokensOf(layer) != y.windows().tokensOf(layer)) {
                return Optional.of("window of layer " + layer + ": " + x.windows().tokensOf(layer) + " and " + y.windows().tokensOf(layer));
            }
        }
        return far(x.rotary(), y.rotary()) || far(x.windowRotary(), y.windowRotary()) ? Optional.of("rotation of queries and keys") : Optional.empty();
    }

    /** Mistral is one of GGUF's llamas. */
    private static boolean plainLlama(final ModelShape shape) {
        return shape.architecture() == Architecture.LLAMA || shape.architecture() == Architecture.MISTRAL;
    }

    private static boolean far(final Rotary a, final Rotary b) {
        if (far(a.magnitude(), b.magnitude()) || a.frequencies().length != b.frequencies().length) {
            return true;
        }
        for (int i = 0; i < a.frequencies().length; i++) {
            if (far(a.frequencies()[i], b.frequencies()[i])) {
                return true;
            }
        }
        return false;
    }

    private static boolean far(final double a, final double b) {
        return Math.abs(a - b) > RELATIVE * Math.max(Math.abs(a), Math.abs(b));
    }
}
