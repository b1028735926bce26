package io.spillway.node.cuda;

/**
 * A GPU that the driver names.
 *
 * @param ordinal     in the driver's counting, from 0
 * @param name        as the driver says it
 * @param memoryBytes all of it
 * @param major       of its compute capability
 * @param minor       of its compute capability
 */
public record CudaDevice(int ordinal, String name, long memoryBytes, int major, int minor) {
    private static final int MAJOR_MIN = 8;

    /** @return whether the kernels are compiled for it */
    public boolean isSupported() {
        return major >= MAJOR_MIN;
    }
}
