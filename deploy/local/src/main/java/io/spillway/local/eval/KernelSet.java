package io.spillway.local.eval;

import io.spillway.domain.error.SpillwayException;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.nativekernels.NativeBackend;

/** Which kernels compute. All give the same bits. */
public enum KernelSet {
    /** The fastest that run here. */
    AUTO,
    /** The Vector API's. */
    VECTOR,
    /** The C library's. */
    NATIVE,
    /** The specification itself: slow. */
    SCALAR;

    /**
     * @param threads that compute, at least 1; SCALAR has one
     * @return owned by the caller
     * @throws SpillwayException INVALID_CONFIG when NATIVE cannot run here
     */
    public ComputeBackend start(final int threads) {
        return switch (this) {
            case AUTO -> NativeBackend.worthwhile() ? NATIVE.start(threads) : VECTOR.start(threads);
            case VECTOR -> CpuBackend.start(threads);
            case NATIVE -> nativeOver(CpuBackend.start(threads));
            case SCALAR -> CpuBackend.scalar("asked for");
        };
    }

    private static ComputeBackend nativeOver(final ComputeBackend other) {
        try {
            return NativeBackend.over(other);
        } catch (final RuntimeException e) {
            other.close();
            throw e;
        }
    }
}
