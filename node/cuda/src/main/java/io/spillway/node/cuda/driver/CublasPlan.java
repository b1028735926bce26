package io.spillway.node.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spillway.node.compute.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How cuBLASLt computes products of one shape: descriptors, and the algorithms it proposes. The library counts in columns: a matrix row
 * by row is its transpose column by column, so out (row by row) = in · weightsᵀ is outᵀ = weights · inᵀ there, with the weights marked as
 * transposed and all leading dimensions our strides. One thread at a time.
 */
final class CublasPlan implements AutoCloseable {
    /** What products have in common that one plan computes. */
    record Key(DType type, DType outType, HalfProduct.Shape shape, int inStride, int outStride, Alignments alignments) {
        static Key of(final HalfProduct product) {
            return new Key(product.type(), product.outType(), product.shape(), product.inStride(), product.outStride(),
                    new Alignments(alignment(product.weights()), alignment(product.in()), alignment(product.out())));
        }

        private static int alignment(final long address) {
            final int most = 256;
            return (int) Math.min(most, Long.lowestOneBit(address | most));
        }
    }

    /** Bytes that the matrices' addresses are multiples of: algorithms differ in what they need. */
    record Alignments(int weights, int in, int out) { }

    private static final int COMPUTE_32F = 68;
    private static final int TRANSPOSE_FIRST = 3;
    private static final int TRANSPOSED = 1;
    private static final int WORKSPACE_MAX = 1;
    private static final int ALIGNMENT_FIRST = 5;
    private static final int ALGORITHMS_MAX = 8;
    private static final int RESULT_BYTES = 96;
    private static final int RESULT_WORKSPACE = 64;
    private static final int RESULT_STATE = 72;

    private final CublasFunctions functions;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment scratch = arena.allocate(JAVA_LONG, 2);
    private final MemorySegment factors = arena.allocateFrom(JAVA_FLOAT, 1, 0);
    private final MemorySegment results = arena.allocate((long) ALGORITHMS_MAX * RESULT_BYTES, Long.BYTES);
    private final long product;
    private final long[] layouts = new long[3];
    private final List<Integer> algorithms = new ArrayList<>();
    private int chosen;

    CublasPlan(final CublasFunctions functions, final long library, final Key key, final long workspaceBytes) {
        this.functions = functions;
        final int type = cudaType(key.type());
        final HalfProduct.Shape shape = key.shape();
        CublasFunctions.check("cublasLtMatmulDescCreate", functions.createProduct.call(scratch.address(), COMPUTE_32F, cudaType(DType.F32)));
        product = scratch.get(JAVA_LONG, 0);
        scratch.set(JAVA_INT, 0, TRANSPOSED);
        CublasFunctions.check("cublasLtMatmulDescSetAttribute",
                functions.setProduct.call(product, TRANSPOSE_FIRST, scratch.address(), Integer.BYTES));
        layouts[0] = layout(type, shape.columns(), shape.outputs(), shape.columns());
        layouts[1] = layout(type, shape.columns(), shape.rows(), key.inStride());
        layouts[2] = layout(cudaType(key.outType()), shape.outputs(), shape.rows(), key.outStride());
        findAlgorithms(library, key.alignments(), workspaceBytes);
    }

    private static int cudaType(final DType type) {
        return switch (type) {
            case F16 -> 2;
            case BF16 -> 14;
            case F32 -> 0;
            default -> throw new IllegalArgumentException("cuBLASLt is not asked for " + type);
        };
    }

    private long layout(final int type, final long rows, final long columns, final long leading) {
        CublasFunctions.check("cublasLtMatrixLayoutCreate", functions.createLayout.call(scratch.address(), type, rows, columns, leading));
        return scratch.get(JAVA_LONG, 0);
    }

    private void findAlgorithms(final long library, final Alignments alignments, final long workspaceBytes) {
        CublasFunctions.check("cublasLtMatmulPreferenceCreate", functions.createPreference.call(scratch.address()));
        final long preference = scratch.get(JAVA_LONG, 0);
        try {
            scratch.set(JAVA_LONG, 0, workspaceBytes);
            prefer(preference, WORKSPACE_MAX, Long.BYTES);
            final int[] bytes = {alignments.weights(), alignments.in(), alignments.out(), alignments.out()};
            for (int i = 0; i < bytes.length; i++) {
                scratch.set(JAVA_INT, 0, bytes[i]);
                prefer(preference, ALIGNMENT_FIRST + i, Integer.BYTES);
            }
            final int code = functions.heuristic.callWith(library, product, layouts[0], layouts[1], layouts[2], layouts[2], preference,
                    (long) ALGORITHMS_MAX, results.address(), scratch.address());
            final int found = code == 0 ? scratch.get(JAVA_INT, 0) : 0; // an error here says that there is none
            for (int i = 0; i < found; i++) {
                if (results.get(JAVA_INT, (long) i * RESULT_BYTES + RESULT_STATE) == 0 && workspaceBytes(i) <= workspaceBytes) {
                    algorithms.add(i);
                }
            }
        } finally {
            functions.destroyPreference.call(preference);
        }
    }

    private void prefer(final long preference, final int attribute, final long sizeBytes) {
        CublasFunctions.check("cublasLtMatmulPreferenceSetAttribute",
                functions.setPreference.call(preference, attribute, scratch.address(), sizeBytes));
    }

    private long workspaceBytes(final int algorithm) {
        return results.get(JAVA_LONG, (long) algorithm * RESULT_BYTES + RESULT_WORKSPACE);
    }

    /** @return how many algorithms there are; 0: the library cannot compute it */
    int algorithms() {
        return algorithms.size();
    }

    /** Takes that one from now on; the library's own choice is 0. */
    void choose(final int algorithm) {
        chosen = algorithm;
    }

    /** Puts the product on the stream. */
    void run(final long library, final HalfProduct it, final DeviceBuffer workspace, final CudaStream stream) {
        final int algorithm = algorithms.get(chosen);
        CublasFunctions.check("cublasLtMatmul", functions.multiply.call16(library, product, factors.address(), it.weights(), layouts[0], it.in(), layouts[1],
                factors.address() + Float.BYTES, it.out(), layouts[2], it.out(), layouts[2], results.address() + (long) algorithm * RESULT_BYTES,
                workspace.address(), workspaceBytes(algorithm), stream.handle()));
    }

    @Override
    public void close() {
        functions.destroyProduct.call(product);
        for (final long layout : layouts) {
            functions.destroyLayout.call(layout);
        }
        arena.close();
    }
}
