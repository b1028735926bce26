package io.spillway.node.cuda.driver;

import io.spillway.node.compute.DType;

/**
 * Port: what the GPUs that share a model compute together. Every rank makes the same calls in the same order, with the same counts; each
 * puts its part on its own stream and returns, and the part waits on the GPU for the others'. One thread at a time.
 */
public interface DeviceCollective extends AutoCloseable {
    /** @return this GPU's number, from 0 */
    int rank();

    /** @return how many GPUs there are */
    int ranks();

    /**
     * Adds what all ranks have; every rank gets the same bits. In place.
     *
     * @param memory [count] on this rank's GPU
     * @param type   F16, BF16 or F32
     */
    void sum(CudaStream stream, long memory, long count, DType type);

    /** Puts what all ranks have behind each other, by rank. @param part [count]; all [ranks][count] */
    void gather(CudaStream stream, long part, long all, long count, DType type);

    @Override
    void close();
}
