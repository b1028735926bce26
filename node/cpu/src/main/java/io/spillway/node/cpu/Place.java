package io.spillway.node.cpu;

/** Where a piece of a product goes: some rows by the 64 outputs of a strip. One per worker; refilled for every piece. */
final class Place {
    int firstRow;   // of the activations
    int rows;
    float[] y;
    int yOffset;    // of the first row's first output
    int yStride;    // from row to row
}
