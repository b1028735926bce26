package io.spillway.node.server;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.nativekernels.NativeBackend;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which kernels compute: results are the same bits, speeds are not. */
public enum KernelSet {
    /** C kernels where they run and have vectors, else the Vector API's. */
    AUTO,
    /** The Vector API's. */
    VECTOR,
    /** C kernels; an error where they cannot run. */
    NATIVE,
    /** The specification itself, on one thread. */
    SCALAR;

    /** Overrules the configuration, for tests and comparisons. */
    static final String PROPERTY = "spillway.kernels";

    /** @return what the system property {@code spillway.kernels} says, else this */
    KernelSet orProperty() {
        final String said = System.getProperty(PROPERTY);
        return said == null ? this : parse(said);
    }

    private static KernelSet parse(final String name) {
        return Arrays.stream(values()).filter(set -> set.word().equals(name.toLowerCase(Locale.ROOT))).findFirst()
            .orElseThrow(() -> SpillwayException.ofField(ErrorCode.INVALID_CONFIG, PROPERTY, "kernel set '" + name + "' is unknown; known are "
                + Arrays.stream(values()).map(KernelSet::word).collect(Collectors.joining(", "))));
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * @param threads that compute; 0 = one per core
     * @return owned by the caller
     * @throws SpillwayException INVALID_CONFIG when native kernels were asked for and cannot run
     */
    public ComputeBackend start(final int threads) {
        return switch (this) {
            case SCALAR -> CpuBackend.scalar("asked for by the configuration");
            case VECTOR -> cpu(threads);
            case NATIVE -> overCpu(threads);
            case AUTO -> NativeBackend.worthwhile() ? overCpu(threads) : cpu(threads);
        };
    }

    private static ComputeBackend cpu(final int threads) {
        return threads == 0 ? CpuBackend.start() : CpuBackend.start(threads);
    }

    private static ComputeBackend overCpu(final int threads) {
        final ComputeBackend cpu = cpu(threads);
        try {
            return NativeBackend.over(cpu);
        } catch (final SpillwayException e) {
            cpu.close();
            throw e;
        }
    }
}
