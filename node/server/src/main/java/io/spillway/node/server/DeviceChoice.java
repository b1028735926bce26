package io.spillway.node.server;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.node.cuda.CudaReport;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Chooses where a node computes.
 *
 * @param probe asked for GPUs, if that matters
 * @param gpu   makes a device of GPUs; empty where nodes cannot compute on them
 * @param host  makes a device of the CPU
 */
record DeviceChoice(Supplier<CudaReport> probe, Optional<GpuOpener> gpu, Supplier<NodeDevice> host) {
    private static final String KEY = "engine.backend";

    /** Makes a device of the GPUs that were found. */
    @FunctionalInterface
    interface GpuOpener {
        /** @throws SpillwayException when that does not succeed, saying why in one line */
        NodeDevice open(CudaReport.Usable found);
    }

    /**
     * @param log told in one line why the CPU was taken, where a GPU would have been
     * @return owned by the caller
     * @throws SpillwayException INVALID_CONFIG when a GPU was asked for and cannot be had
     */
    NodeDevice choose(final NodeConfig.Engine.Backend wanted, final Consumer<String> log) {
        if (wanted == NodeConfig.Engine.Backend.CPU) {
            return host.get();
        }
        try {
            return gpuOf(probe.get());
        } catch (final SpillwayException e) {
            if (wanted == NodeConfig.Engine.Backend.CUDA) {
                throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, KEY, KEY + " is cuda, but " + e.getMessage());
            }
            log.accept("it computes on the CPU: " + e.getMessage());
            return host.get();
        }
    }

    private NodeDevice gpuOf(final CudaReport report) {
        return switch (report) {
            case CudaReport.Unusable(String line) -> throw unusable(line);
            case CudaReport.Usable found -> gpu.orElseThrow(() -> unusable("nodes do not compute on GPUs yet (found: " + found.line() + ")")).open(found);
        };
    }

    private static SpillwayException unusable(final String line) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, KEY, line);
    }
}
