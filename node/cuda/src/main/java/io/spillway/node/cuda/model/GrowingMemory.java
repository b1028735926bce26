package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;

/** Device memory that grows to what the largest step needed; zeroed then. Not for recorded launches: its address changes. Thread: the engine's. */
final class GrowingMemory implements AutoCloseable {
    private final Device device;
    private long address;
    private long bytes;

    GrowingMemory(final Device device) {
        this.device = device;
    }

    /** Makes room; what was there is lost when it grows. */
    void reserve(final long wanted) {
        if (wanted > bytes) {
            device.free(address);
            bytes = Math.max(wanted, 2 * bytes);
            address = device.allocate(bytes);
        }
    }

    /** @return where it is; 0: nothing was reserved */
    long address() {
        return address;
    }

    @Override
    public void close() {
        device.free(address);
    }
}
