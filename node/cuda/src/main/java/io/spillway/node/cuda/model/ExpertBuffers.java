package io.spillway.node.cuda.model;

import io.spillway.node.cuda.ExpertRows;
import io.spillway.node.cuda.MatrixCall;
import io.spillway.node.cuda.Values;
import io.spillway.node.weights.ModelShape;

/** What a layer of experts works on, for the largest step. Single writer: the device. */
final class ExpertBuffers {
    private static final int ROUNDED_COLUMNS = 32;
    private static final int TILE_ROWS_MIN = 8;

    final int rowsMax;
    final long scores;  // [rows][experts] f32
    final long chosen;  // [rows][chosen] ints
    final long weights; // [rows][chosen] f32
    final long lists;   // [experts][rowsMax] ints
    final long counts;  // [experts] ints
    final long work;    // [1 + 2 · pieces] ints
    final long ended;   // an int
    final Values gated; // [rows][chosen][feedForward] halves
    final long parts;   // [rows][chosen][hidden] f32
    final long rounded; // [rows][chosen][columns / 32] blocks of rounded activations

    /** @param buffers whose memory this is */
    ExpertBuffers(final Buffers buffers, final DeviceWeights weights, final int rowsMax) {
        this.rowsMax = rowsMax;
        final ModelShape shape = weights.shape();
        final ModelShape.Experts experts = shape.experts();
        final long entries = (long) rowsMax * experts.chosen();
        scores = buffers.allocate(4L * rowsMax * experts.count());
        chosen = buffers.allocate(4L * entries);
        this.weights = buffers.allocate(4L * entries);
        lists = buffers.allocate(4L * rowsMax * experts.count());
        counts = buffers.allocate(4L * experts.count());
        work = buffers.allocate(4L * (1 + 2L * ExpertRows.piecesMax(rowsMax, experts.chosen(), experts.count(), TILE_ROWS_MIN)));
        ended = buffers.allocate(Integer.BYTES);
        gated = new Values(buffers.allocate(2L * entries * experts.feedForward()), weights.half());
        parts = buffers.allocate(4L * entries * shape.hidden());
        final long blocks = Math.max(rowsMax * (long) Math.ceilDiv(shape.hidden(), ROUNDED_COLUMNS),
            entries * Math.ceilDiv(experts.feedForward(), ROUNDED_COLUMNS));
        rounded = weights.isPacked() ? buffers.allocate(blocks * MatrixCall.RoundActivations.BLOCK_BYTES) : 0;
    }
}
