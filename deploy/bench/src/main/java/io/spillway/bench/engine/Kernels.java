package io.spillway.bench.engine;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.nativekernels.NativeBackend;

/** Starts the kernel set that an option names. */
public final class Kernels {
    private Kernels() {
    }

    /**
     * @param name    auto, vector, native or scalar
     * @param threads that compute
     * @return owned by the caller
     */
    public static ComputeBackend start(final String name, final int threads) {
        return switch (name) {
            case "auto" -> NativeBackend.worthwhile() ? NativeBackend.over(CpuBackend.start(threads)) : CpuBackend.start(threads);
            case "native" -> NativeBackend.over(CpuBackend.start(threads));
            case "vector" -> CpuBackend.start(threads);
            case "scalar" -> CpuBackend.scalar("asked for");
            default -> throw new IllegalArgumentException("kernels '" + name + "' are unknown; auto, vector, native and scalar are known");
        };
    }
}
