package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.Values;
import io.spillway.node.weights.ModelShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Intermediate results of a step in device memory, for the largest step. Single writer: the device, in the order of its stream.
 */
final class Buffers implements AutoCloseable {
    final long residual;    // [rows][hidden] f32
    final Values normed;    // [rows][hidden] halves
    final Values heads;     // [rows][heads + 2 · kvHeads][headDim] halves
    final Values queries;   // [rows][heads · headDim] halves
    final Values attended;  // [rows][heads · headDim] halves
    final Values gateUp;    // [rows][2 · feedForward] halves
    final Values gated;     // [rows][feedForward] halves
    final Values delta;     // [rows][hidden] f32
    final long wanted;      // [wanted][hidden] f32
    final Values output;    // [wanted][hidden] halves
    final long logits;      // [wanted][vocabulary] f32
    private final Device device;
    private final List<Long> addresses = new ArrayList<>();
    private long bytes;

    /** @param rowsMax rows of the largest step @param wantedMax of them those whose output is wanted */
    Buffers(final Device device, final DeviceWeights weights, final int rowsMax, final int wantedMax) {
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
        wanted = floats(wantedMax, shape.hidden());
        output = halves(half, wantedMax, shape.hidden());
        logits = floats(wantedMax, weights.vocabulary());
    }

    private Values halves(final DType half, final int rows, final int width) {
        return new Values(allocate(2L * rows * DeviceMatrix.strideOf(half, width)), half);
    }

    private long floats(final int rows, final int width) {
        return allocate(4L * rows * width);
    }

    /** @return zeroed memory that lives as long as these */
    long allocate(final long size) {
        final long address = device.allocate(Math.max(size, Device.ALIGNMENT_BYTES));
        addresses.add(address);
        bytes += size;
        return address;
    }

    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        addresses.forEach(device::free);
    }
}
