package io.spillway.local.plan;

import io.spillway.config.ByteSize;
import io.spillway.config.Default;
import io.spillway.config.Doc;

/** A type of GPU as its maker and whoever rents it out describe it. */
@Doc("One type of GPU.")
public record GpuType(
        @Doc("Memory of one GPU, as its driver reports it.") ByteSize memory,
        @Doc("Memory bandwidth in 10^9 bytes a second.") double bandwidthGbPerSecond,
        @Doc("Dense peak of bf16 matrices in 10^12 operations a second.") double bf16Tflops,
        @Doc("Bandwidth between two GPUs of a host, in one direction, in 10^9 bytes a second.") double linkGbPerSecond,
        @Doc("GPUs of one host: tensor parallelism goes no further.") @Default("8") int gpusPerHost,
        @Doc("US dollars for one GPU and hour.") double dollarsPerHour) {
    private static final double NUMBER_MAX = 1e9;
    private static final long MEMORY_BYTES_MAX = 1L << 50;

    public GpuType {
        if (memory.bytes() <= 0 || memory.bytes() > MEMORY_BYTES_MAX) {
            throw new IllegalArgumentException("memory must be above 0 and at most 1024TiB");
        }
        positive("bandwidthGbPerSecond", bandwidthGbPerSecond);
        positive("bf16Tflops", bf16Tflops);
        positive("linkGbPerSecond", linkGbPerSecond);
        positive("dollarsPerHour", dollarsPerHour);
        if (gpusPerHost < 1) {
            throw new IllegalArgumentException("gpusPerHost must be at least 1, got " + gpusPerHost);
        }
    }

    private static void positive(final String name, final double value) {
        if (!(value > 0 && value <= NUMBER_MAX)) {
            throw new IllegalArgumentException(name + " must be above 0 and at most " + NUMBER_MAX + ", got " + value);
        }
    }
}
