package io.spillway.node.compute;

/**
 * Weights of a root-mean-square norm.
 *
 * @param gain    [width]
 * @param epsilon added to the mean square
 */
public record RmsNorm(float[] gain, float epsilon) { }
