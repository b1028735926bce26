package io.spillway.node.cuda.driver;

/**
 * What a GPU has.
 *
 * @param multiprocessors        that run blocks
 * @param l2Bytes                of its second-level cache
 * @param sharedPerBlockMaxBytes shared memory a block can have, static and dynamic together
 * @param sharedPerProcessorBytes shared memory of a multiprocessor
 * @param clockKilohertz         highest of the multiprocessors
 * @param memoryClockKilohertz   highest of the memory
 * @param memoryBusBits          width of the memory's bus
 * @param copyEngines            copies that run beside kernels, and beside each other
 * @param pciBusId               as in {@code /sys/bus/pci/devices}, lower case
 */
public record DeviceLimits(int multiprocessors, int l2Bytes, int sharedPerBlockMaxBytes, int sharedPerProcessorBytes, int clockKilohertz,
        int memoryClockKilohertz, int memoryBusBits, int copyEngines, String pciBusId) {
    /** @return bytes per second that the memory can move at most: two transfers a clock */
    public double memoryBytesPerSecond() {
        return 2.0 * memoryClockKilohertz * 1e3 * memoryBusBits / 8;
    }
}
