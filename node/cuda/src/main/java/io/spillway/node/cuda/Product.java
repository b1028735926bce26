package io.spillway.node.cuda;

import static java.util.Objects.requireNonNull;

import io.spillway.node.compute.DType;

/**
 * out[row] = matrix · in[row], and what becomes of it. Addresses are the device's.
 *
 * @param half      kind of the activations: F16 or BF16; of the matrix too where that is of halves
 * @param matrix    [outputs][columns] halves, row after row and 16-byte aligned, or packed panels; with {@code experts} that many behind each other
 * @param in        [rows][inStride] halves
 * @param out       [rows][outStride], from the first result of the first row on
 * @param bias      [outputs] f32 of every expert, or 0
 * @param rows      of in, padding included; of out too without experts
 * @param outputs   rows of the matrix; gated: gates and what they gate
 * @param columns   a multiple of 8
 * @param inStride  a multiple of 8
 * @param experts   which rows meet which matrix, or {@link ExpertRows#NONE}
 */
public record Product(DType half, long matrix, long in, long out, long bias, int rows, int outputs, int columns, int inStride, int outStride,
        ProductOutput output, ExpertRows experts) {
    private static final int ALIGNED = 8;

    public Product {
        requireNonNull(output, "output");
        requireNonNull(experts, "experts");
        if (half != DType.F16 && half != DType.BF16) {
            throw new IllegalArgumentException("activations are halves, not " + half);
        }
        if (rows < 1 || outputs < 1 || columns < 1 || columns % ALIGNED != 0 || inStride % ALIGNED != 0 || inStride < columns) {
            throw new IllegalArgumentException("no product of [" + outputs + ", " + columns + "] by " + rows + " rows of " + inStride);
        }
        if (output.isGated() && outputs % 2 != 0) {
            throw new IllegalArgumentException("a gated product has as many gates as it has ups, not " + outputs + " of both");
        }
    }

    /** @return a product of tightly packed rows without bias and experts */
    public static Product of(final DType half, final long matrix, final long in, final long out, final int rows, final int outputs, final int columns,
            final ProductOutput output) {
        return new Product(half, matrix, in, out, 0, rows, outputs, columns, columns, output.isGated() ? outputs / 2 : outputs, output, ExpertRows.NONE);
    }

    /** @return the same with a bias */
    public Product withBias(final long at) {
        return new Product(half, matrix, in, out, at, rows, outputs, columns, inStride, outStride, output, experts);
    }

    /** @return the same for rows that meet the matrices of experts */
    public Product withExperts(final ExpertRows chosen) {
        return new Product(half, matrix, in, out, bias, rows, outputs, columns, inStride, outStride, output, chosen);
    }

    /** @return results of a row */
    public int width() {
        return output.isGated() ? outputs / 2 : outputs;
    }

    boolean isBf16() {
        return half == DType.BF16;
    }

    String halfName() {
        return isBf16() ? "bf16" : "f16";
    }
}
