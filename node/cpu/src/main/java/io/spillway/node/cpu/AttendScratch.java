package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Lanes;
import io.spillway.node.compute.Slab;
import java.lang.foreign.MemorySegment;

/** One worker's state of a piece of attention: nothing in it outlives the piece. Grown by the engine thread between pieces. */
final class AttendScratch implements AutoCloseable {
    final Tile tile = new Tile();
    final float[] lanes = new float[Lanes.COUNT];
    float[] queries = new float[0];   // [queries][headDim], scaled
    float[] scores = new float[0];    // [queries][blockTokens]; then weights
    float[] sums = new float[0];      // [queries][headDim]
    float[] maxima = new float[0];    // [queries]
    float[] totals = new float[0];    // [queries]
    private Slab expanded;            // [headDim · blockTokens] floats; null while every cache was F32

    /** Makes room for {@code queryCount} query vectors over blocks of that layout. */
    void reserve(final int queryCount, final KvLayout layout) {
        if (queries.length < queryCount * layout.headDim()) {
            queries = new float[queryCount * layout.headDim()];
            sums = new float[queryCount * layout.headDim()];
        }
        if (scores.length < queryCount * layout.blockTokens()) {
            scores = new float[queryCount * layout.blockTokens()];
        }
        if (maxima.length < queryCount) {
            maxima = new float[queryCount];
            totals = new float[queryCount];
        }
        final long bytes = (long) layout.headDim() * layout.blockTokens() * Float.BYTES;
        if (layout.element() != KvElement.F32 && (expanded == null || expanded.segment().byteSize() < bytes)) {
            close();
            expanded = Slab.allocate(bytes);
        }
    }

    /** Expands one head's keys or values of a block and points the tile at the result. */
    void expand(final MemorySegment slab, final long offset, final KvLayout layout) {
        final int count = layout.headDim() * layout.blockTokens();
        if (layout.element() == KvElement.F16) {
            ExpandKernels.halves(slab, offset, expanded.segment(), 0, count);
        } else {
            ExpandKernels.brains(slab, offset, expanded.segment(), 0, count);
        }
        tile.weights = expanded.segment();
        tile.weightsOffset = 0;
    }

    @Override
    public void close() {
        if (expanded != null) {
            expanded.close();
            expanded = null;
        }
    }
}
