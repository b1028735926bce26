package io.spillway.bench.gpu;

import io.spillway.node.cuda.KernelLaunch;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.driver.CudaGraph;
import io.spillway.node.cuda.driver.DeviceBuffer;
import java.util.List;

/** What a launch costs: of a small kernel behind another, one by one and in a graph. */
final class LaunchBench implements GpuBench {
    private static final int LAUNCHES = 1000;
    private static final int QUICK_LAUNCHES = 5;
    private static final int BYTES = 256;
    private static final double MICRO = 1e6;

    @Override
    public String name() {
        return "launches";
    }

    @Override
    public List<Measurement> run(final GpuRig rig) {
        final int launches = rig.isQuick() ? QUICK_LAUNCHES : LAUNCHES;
        try (DeviceBuffer memory = rig.pool().allocate(3 * BYTES, "launches")) {
            rig.stream().fill(memory.address(), (byte) 0, memory.bytes());
            final KernelLaunch small = new RowCall.CopyPieces(memory.address(), memory.address(2 * BYTES, 8), memory.address(BYTES, BYTES),
                    memory.address(2 * BYTES, 8), 1, BYTES).launch();
            final Runnable work = () -> {
                for (int i = 0; i < launches; i++) {
                    rig.launcher().launch(small);
                }
            };
            final double single = rig.seconds(work);
            try (CudaGraph graph = CudaGraph.capture(rig.stream(), work)) {
                final double inGraph = rig.seconds(() -> graph.launch(rig.stream()));
                return List.of(Measurement.of("a small kernel, launched by itself", single / launches * MICRO, "us"),
                    Measurement.of("a small kernel, in a graph of " + launches, inGraph / launches * MICRO, "us"));
            }
        }
    }
}
