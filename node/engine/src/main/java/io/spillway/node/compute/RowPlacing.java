package io.spillway.node.compute;

/**
 * Where the rows of a tensor go, and with what weight. Arrays may be longer than the rows in use; the caller refills them.
 *
 * @param targets [rows] row of the other tensor
 * @param weights [rows]
 */
public record RowPlacing(int[] targets, float[] weights) { }
