package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Lanes;
import io.spillway.node.compute.Slab;
import java.lang.foreign.MemorySegment;

/** One worker's state of a task of attention: nothing in it outlives the task. Grown by the engine thread between sections. */
final class AttendScratch implements AutoCloseable {
    final Tile tile = new Tile();
    final KvScales scales = new KvScales();
    final SoftmaxRows whole = new SoftmaxRows();   // all ranges so far
    final SoftmaxRows part = new SoftmaxRows();    // the range in progress
    final float[] lanes = new float[Lanes.COUNT];
    float[] queries = new float[0];                // [queries][headDim], scaled
    float[] querySums = new float[0];              // [queries], of I4
    float[] scores = new float[0];                 // [queries][blockTokens]; then weights
    // The task in progress.
    int firstRow;
    int queryCount;                                // rows · query heads of a group: query q is of row firstRow + q / group
    int firstHead;                                 // key-value heads
    int headCount;
    int queryAt;                                   // first query of the head in progress
    boolean direct;                                // whether blocks are read as they are stored
    boolean rebiased;                              // whether queries and weights make up for the exponents of halves
    SoftmaxRows into;                              // where the range in progress adds up
    int intoAt;                                    // its place of that head's first query
    long touched;                                  // keeps reading ahead from being optimised away
    private Slab expanded;                         // [headDim · blockTokens] floats; null while every cache was F32

    /** Makes room for {@code queryCount} query vectors over blocks of that layout. */
    void reserve(final int queryCount, final KvLayout layout) {
        if (queries.length < queryCount * layout.headDim()) {
            queries = new float[queryCount * layout.headDim()];
        }
        if (scores.length < queryCount * layout.blockTokens()) {
            scores = new float[queryCount * layout.blockTokens()];
        }
        if (querySums.length < queryCount) {
            querySums = new float[queryCount];
        }
        whole.reserve(queryCount, layout.headDim());
        part.reserve(queryCount, layout.headDim());
        scales.reserve(layout.blockTokens());
        final long bytes = (long) layout.headDim() * layout.blockTokens() * Float.BYTES;
        if (layout.element() != KvElement.F32 && (expanded == null || expanded.segment().byteSize() < bytes)) {
            close();
            expanded = Slab.allocate(bytes);
        }
    }

    /** Points the tile at the keys of a block, as floats [headDim][blockTokens]. */
    void pointAtKeys(final MemorySegment slab, final long at, final KvLayout layout) {
        pointAt(slab, at, layout);
        if (layout.element() != KvElement.F32) {
            KvExpand.keys(slab, at, layout, expanded.segment());
        }
    }

    /** Points the tile at the values of a block's first {@code tokens}, as floats [tokens][headDim]. */
    void pointAtValues(final MemorySegment slab, final long at, final KvLayout layout, final int tokens) {
        pointAt(slab, at, layout);
        if (layout.element() != KvElement.F32) {
            KvExpand.values(slab, at, layout, expanded.segment(), tokens);
        }
    }

    private void pointAt(final MemorySegment slab, final long at, final KvLayout layout) {
        final boolean direct = layout.element() == KvElement.F32;
        tile.weights = direct ? slab : expanded.segment();
        tile.weightsOffset = direct ? at : 0;
    }

    @Override
    public void close() {
        if (expanded != null) {
            expanded.close();
            expanded = null;
        }
    }
}
