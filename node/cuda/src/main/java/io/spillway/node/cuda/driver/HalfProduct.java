package io.spillway.node.cuda.driver;

import io.spillway.node.compute.DType;

/**
 * A product of halves: {@code out[r][o] = sum over c of in[r][c] · weights[o][c]}, summed in f32. All in device memory, row by row.
 *
 * @param type      of weights and in: F16 or BF16
 * @param outType   of out: the same, or F32
 * @param weights   [outputs][columns]
 * @param in        [rows][inStride]
 * @param out       [rows][outStride]
 * @param shape     how many of each
 * @param inStride  elements from row to row, columns at least
 * @param outStride elements from row to row, outputs at least
 */
public record HalfProduct(DType type, DType outType, long weights, long in, long out, Shape shape, int inStride, int outStride) {
    /** Rows of in and out, of the matrix, and columns of in and the matrix. */
    public record Shape(int rows, int outputs, int columns) {
        public Shape {
            if (rows <= 0 || outputs <= 0 || columns <= 0) {
                throw new IllegalArgumentException("a product has rows, outputs and columns: " + rows + ", " + outputs + ", " + columns);
            }
        }
    }

    public HalfProduct {
        if (type != DType.F16 && type != DType.BF16 || outType != type && outType != DType.F32) {
            throw new IllegalArgumentException("a product of halves gives halves or F32, not " + type + " into " + outType);
        }
        if (inStride < shape.columns || outStride < shape.outputs) {
            throw new IllegalArgumentException("rows overlap: strides " + inStride + " and " + outStride + " of " + shape);
        }
    }

    /** @return one whose rows follow each other without room between */
    public static HalfProduct dense(final DType type, final DType outType, final long weights, final long in, final long out, final Shape shape) {
        return new HalfProduct(type, outType, weights, in, out, shape, shape.columns, shape.outputs);
    }
}
