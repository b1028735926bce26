package io.spillway.node.compute;

/** Port: what a device offers to the models that run on it. One per device and process; any thread may call. */
public interface ComputeBackend extends AutoCloseable {
    /** @return which kernels run and why, in one line for the start-up log */
    String description();

    /** @return operations with scratch memory of their own; one per model, closed by the model */
    TensorOps newOps();

    /** @return the device's threads, shared by every model of the process */
    WorkerPool workers();

    /**
     * Allocates zeroed memory that kernels can read and write; pages cost nothing until they are written.
     *
     * @return owned by the caller
     */
    Slab allocate(long sizeBytes);

    /** Ends the threads. Models first. Not idempotent. */
    @Override
    void close();
}
