package io.spillway.bench.gpu;

import io.spillway.node.cuda.driver.CudaEvent;
import io.spillway.node.cuda.driver.CudaStream;
import io.spillway.node.cuda.driver.DeviceBuffer;
import io.spillway.node.cuda.driver.PcieLink;
import io.spillway.node.cuda.driver.PinnedSlab;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What copies reach: within the GPU's memory, and between it and pinned host memory, one way and both ways at once. */
final class LimitsBench implements GpuBench {
    private static final String UNIT = "GB/s";
    private static final double GIGA = 1e9;
    private static final long DEVICE_BYTES = 2L << 30;
    private static final long HOST_BYTES = 512L << 20;
    private static final long QUICK_BYTES = 1L << 16;

    @Override
    public String name() {
        return "limits";
    }

    @Override
    public List<Measurement> run(final GpuRig rig) {
        final List<Measurement> figures = new ArrayList<>();
        figures.add(withinDevice(rig));
        figures.addAll(overTheLink(rig));
        return figures;
    }

    private static Measurement withinDevice(final GpuRig rig) {
        final long bytes = rig.isQuick() ? QUICK_BYTES : DEVICE_BYTES;
        try (DeviceBuffer from = rig.pool().allocate(bytes, "copy source"); DeviceBuffer to = rig.pool().allocate(bytes, "copy target")) {
            rig.stream().fill(from.address(), (byte) 1, bytes);
            final double seconds = rig.seconds(() -> rig.stream().copyOnDevice(to.address(), from.address(), bytes));
            return Measurement.of("copy within the GPU, read and written", 2 * bytes / seconds / GIGA, UNIT)
                .beside(rig.context().limits().memoryBytesPerSecond() / GIGA, "memory's clock and width");
        }
    }

    private static List<Measurement> overTheLink(final GpuRig rig) {
        final long bytes = rig.isQuick() ? QUICK_BYTES : HOST_BYTES;
        try (DeviceBuffer in = rig.pool().allocate(bytes, "copy in"); DeviceBuffer out = rig.pool().allocate(bytes, "copy out");
                PinnedSlab from = PinnedSlab.allocate(rig.context(), bytes); PinnedSlab to = PinnedSlab.allocate(rig.context(), bytes)) {
            from.segment().fill((byte) 2);
            rig.stream().fill(out.address(), (byte) 1, bytes);
            final double down = rig.seconds(() -> rig.stream().copyToDevice(in.address(), from.segment()));
            final double up = rig.seconds(() -> rig.stream().copyToHost(to.segment(), out.address()));
            final double both = both(rig, in, out, from, to);
            final Optional<PcieLink> link = PcieLink.of(rig.context().limits().pciBusId());
            return List.of(beside(Measurement.of("pinned host to GPU", bytes / down / GIGA, UNIT), link, 1),
                beside(Measurement.of("GPU to pinned host", bytes / up / GIGA, UNIT), link, 1),
                beside(Measurement.of("both ways at once", 2 * bytes / both / GIGA, UNIT), link, 2));
        }
    }

    private static double both(final GpuRig rig, final DeviceBuffer in, final DeviceBuffer out, final PinnedSlab from, final PinnedSlab to) {
        try (CudaStream other = CudaStream.of(rig.context()); CudaEvent fork = CudaEvent.of(rig.context()); CudaEvent join = CudaEvent.of(rig.context())) {
            return rig.seconds(() -> {
                rig.stream().record(fork);
                other.await(fork);
                other.copyToHost(to.segment(), out.address());
                rig.stream().copyToDevice(in.address(), from.segment());
                other.record(join);
                rig.stream().await(join);
            });
        }
    }

    private static Measurement beside(final Measurement figure, final Optional<PcieLink> link, final int ways) {
        return link.map(it -> figure.beside(ways * it.bytesPerSecond() / GIGA, "PCIe " + it.gigatransfersPerSecond() + " GT/s x" + it.lanes())).orElse(figure);
    }
}
