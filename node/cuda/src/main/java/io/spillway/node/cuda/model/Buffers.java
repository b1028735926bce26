package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.MatrixCall;
import io.spillway.node.cuda.ProductPlan;
import io.spillway.node.cuda.Values;
import io.spillway.node.weights.ModelShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Intermediate results of a step in device memory, for the largest step. Single writer: the device, in the order of its stream.
 */
final class Buffers implements AutoCloseable {
    /** Halves that a piece of a packed matrix may be expanded to. */
    static final long EXPANDED_BYTES = 64L << 20;

    private static final int ROUNDED_COLUMNS = 32;

    final long residual;    // [rows][hidden] f32
    final Values normed;    // [rows][hidden] halves
    final Values heads;     // [rows][heads + 2 · kvHeads][headDim] halves
    final Values queries;   // [rows][heads · headDim] halves
    final Values attended;  // [rows][heads · headDim] halves
    final Values gateUp;    // [rows][2 · feedForward] halves
    final Values gated;     // [rows][feedForward] halves
    final Values delta;     // [rows][hidden] f32
    final long rounded;     // [rows][columns of the widest input / 32] blocks of rounded activations
    final long expanded;    // a piece of a packed matrix as halves
    final long workspace;   // of products with many rows
    final long wanted;      // [wanted][hidden] f32
    final Values output;    // [wanted][hidden] halves
    final long states;      // [wanted][hidden] f32
    final long logits;      // [wanted][vocabulary] f32
    final ExpertBuffers experts; // null: the model has none
    private final Device device;
    private final List<Long> addresses = new ArrayList<>();

    /**
     * @param rowsMax     rows of the largest step
     * @param wantedMax   of them those whose output is wanted
     * @param isInvariant whether packed matrices are never expanded
     */
    Buffers(final Device device, final DeviceWeights weights, final int rowsMax, final int wantedMax, final boolean isInvariant) {
        this.device = device;
        final ModelShape shape = weights.shape();
        final ModelShape.Attention a = shape.attention();
        final DType half = weights.half();
        residual = floats(rowsMax, shape.hidden());
        normed = halves(half, rowsMax, shape.hidden());
        heads = halves(half, rowsMax, a.queryWidth() + 2 * a.kvWidth());
        queries = halves(half, rowsMax, a.queryWidth());
        attended = halves(half, rowsMax, a.queryWidth());
        gateUp = halves(half, rowsMax, 2 * shape.feedForward());
        gated = halves(half, rowsMax, shape.feedForward());
        delta = new Values(floats(rowsMax, shape.hidden()), DType.F32);
        final boolean isPacked = weights.isPacked();
        final int widest = Math.max(Math.max(shape.hidden(), a.queryWidth()), shape.feedForward());
        final int roundedRows = Math.min(Math.max(rowsMax, wantedMax), isInvariant ? Integer.MAX_VALUE : MatrixCall.GemvPacked.ROWS_MAX);
        rounded = isPacked ? allocate((long) roundedRows * Math.ceilDiv(widest, ROUNDED_COLUMNS) * MatrixCall.RoundActivations.BLOCK_BYTES) : 0;
        expanded = isPacked ? allocate(Math.max(EXPANDED_BYTES, 2L * PackedMatrix.STRIP_ROWS * widest)) : 0;
        workspace = allocate(ProductPlan.WORKSPACE_BYTES);
        wanted = floats(wantedMax, shape.hidden());
        output = halves(half, wantedMax, shape.hidden());
        states = floats(wantedMax, shape.hidden());
        logits = floats(wantedMax, weights.vocabulary());
        experts = shape.experts().count() == 0 ? null : new ExpertBuffers(this, weights, rowsMax);
    }

    private Values halves(final DType half, final int rows, final int width) {
        return new Values(allocate(2L * rows * width), half);
    }

    private long floats(final int rows, final int width) {
        return allocate(4L * rows * width);
    }

    /** @return zeroed memory that lives as long as these */
    long allocate(final long size) {
        final long address = device.allocate(Math.max(size, Device.ALIGNMENT_BYTES));
        addresses.add(address);
        return address;
    }

    @Override
    public void close() {
        addresses.forEach(device::free);
    }
}
