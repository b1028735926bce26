package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.Device;
import io.spillway.node.weights.ModelShape;
import java.util.List;

/**
 * A model's weights in device memory, and the table of its rotations.
 *
 * @param device     borrowed: its memory holds them
 * @param half       what enters and leaves a product: BF16, or F16 where the file's halves are F16
 * @param embedding  [vocabulary, hidden]
 * @param outputNorm gain [hidden]
 * @param head       [vocabulary] results of a row
 * @param addresses  of all pieces
 * @param bytes      of all pieces
 */
record DeviceWeights(Device device, ModelShape shape, DType half, DeviceMatrix embedding, List<DeviceLayer> layers, long outputNorm,
        Projection head, List<Long> addresses, long bytes) implements AutoCloseable {
    DeviceWeights {
        layers = List.copyOf(layers);
        addresses = List.copyOf(addresses);
    }

    /** @return whether any matrix is of a quantised format */
    boolean isPacked() {
        return !embedding.isPlain() || head.hasPacked() || layers.stream().anyMatch(DeviceLayer::hasPacked);
    }

    int vocabulary() {
        return embedding.rows();
    }

    /** Frees the memory; nothing may run on it any more. */
    @Override
    public void close() {
        addresses.forEach(device::free);
    }
}
