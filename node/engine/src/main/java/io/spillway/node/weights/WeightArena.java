package io.spillway.node.weights;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A model's packed matrices, one behind the other in a few slabs of whole large pages: a matrix in a slab of its own would have
 * small pages at its ends, and below two megabytes nothing else. What is not written of the last slab takes no memory.
 *
 * <p>Filled by the loading thread; owns the memory until {@link #close}.
 */
final class WeightArena implements AutoCloseable {
    private static final long SLAB_BYTES_MAX = 256L << 20;

    private final ComputeBackend backend;
    private final long slabBytes;
    private final List<Slab> slabs = new ArrayList<>();
    private MemorySegment left = MemorySegment.NULL;   // of the last slab

    /** @param expectedBytes about what all matrices take; says how large slabs are */
    WeightArena(final ComputeBackend backend, final long expectedBytes) {
        this.backend = backend;
        slabBytes = Math.min(SLAB_BYTES_MAX, aligned(Math.max(1, expectedBytes), Slab.LARGE_PAGE_BYTES));
    }

    private static long aligned(final long bytes, final long alignment) {
        return Math.ceilDiv(bytes, alignment) * alignment;
    }

    /** @return a matrix of zeros that starts on a cache line; borrowed until {@link #close} */
    PackedMatrix allocate(final DType dtype, final int rows, final int columns) {
        final long bytes = aligned(PackedMatrix.sizeBytes(dtype, rows, columns), Slab.ALIGNMENT_BYTES);
        if (bytes > left.byteSize()) {
            final Slab slab = backend.allocate(Math.max(slabBytes, aligned(bytes, Slab.LARGE_PAGE_BYTES)));
            slabs.add(slab);
            left = slab.segment();
        }
        final PackedMatrix matrix = new PackedMatrix(dtype, rows, columns, left.asSlice(0, bytes));
        left = left.asSlice(bytes);
        return matrix;
    }

    @Override
    public void close() {
        slabs.forEach(Slab::close);
        slabs.clear();
        left = MemorySegment.NULL;
    }
}
