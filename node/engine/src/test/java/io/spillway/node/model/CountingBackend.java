package io.spillway.node.model;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;

/** The specification's operations on the caller's thread, and a limit on the memory that may be asked for. */
final class CountingBackend implements ComputeBackend {
    private long limitBytes;

    /** Begins a case that may allocate so much. */
    void begin(final long bytes) {
        limitBytes = bytes;
    }

    @Override
    public String description() {
        return "counting";
    }

    @Override
    public TensorOps newOps() {
        return new ScalarOps();
    }

    @Override
    public WorkerPool workers() {
        return WorkerPool.INLINE;
    }

    @Override
    public Slab allocate(final long sizeBytes) {
        limitBytes -= sizeBytes;
        if (limitBytes < 0) {
            throw new AssertionError("a hostile model asked for " + sizeBytes + " bytes, " + -limitBytes + " over the limit");
        }
        return Slab.allocate(sizeBytes);
    }

    @Override
    public void close() {
        // owns nothing
    }
}
