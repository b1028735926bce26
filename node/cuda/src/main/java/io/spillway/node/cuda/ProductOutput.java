package io.spillway.node.cuda;

/**
 * What becomes of the sums of a product, after the bias. Of a gated one the first half of the matrix's rows are gates, the other
 * half what they gate: results are half as wide.
 */
public enum ProductOutput {
    /** Halves of the matrix's own kind. */
    HALF,
    /** f32. */
    FLOAT,
    /** Added to f32 that is there. */
    ADD,
    /** Halves: silu(gate) · up. */
    SWIGLU,
    /** Halves: gelu(gate) · up. */
    GEGLU,
    /** Halves: the clamped unit of gpt-oss. */
    CLAMPED_SWIGLU;

    /** @return whether results are half as wide as the matrix has rows */
    public boolean isGated() {
        return ordinal() >= SWIGLU.ordinal();
    }
}
