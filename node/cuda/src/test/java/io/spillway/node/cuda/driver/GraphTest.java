package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.Values;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Graphs: captured once, launched often, with what lies in memory then. */
@Tag("driver")
class GraphTest {
    private Gpu gpu;

    @BeforeEach
    void open() {
        gpu = new Gpu();
    }

    @AfterEach
    void close() {
        gpu.close();
    }

    @Test
    void launchesAgainWithWhatIsInMemoryThen() {
        try (DeviceBuffer x = gpu.floats(1, 2); DeviceBuffer delta = gpu.floats(1, 1); DeviceBuffer gain = gpu.floats(1, 1); DeviceBuffer out = gpu.floats(0, 0)) {
            final Runnable step = () -> gpu.launcher.launch(
                    new RowCall.RmsNorm(x.address(), RowCall.Delta.of(new Values(delta.address(), DType.F32)), gain.address(),
                            new Values(out.address(), DType.F32), 1, 2, 1e-6f).launch());
            gpu.modules.prepare(java.util.List.of("rms_norm"));
            try (CudaGraph graph = CudaGraph.capture(gpu.stream, step)) {
                assertThat(gpu.read(x)).as("nothing runs while it is captured").containsExactly(1, 2);
                assertThat(graph.nodes()).isEqualTo(1);
                graph.launch(gpu.stream);
                graph.launch(gpu.stream);
                assertThat(gpu.read(x)).containsExactly(3, 4);
            }
        }
    }

    @Test
    void takesNewArgumentsInPlaceAndNewShapesAnew() {
        try (DeviceBuffer a = gpu.floats(0, 0); DeviceBuffer b = gpu.floats(0, 0)) {
            try (CudaGraph graph = CudaGraph.capture(gpu.stream, () -> gpu.stream.fill(a.address(), (byte) 1, 8))) {
                final long made = gpu.fake.calls("cuGraphInstantiate");
                graph.update(gpu.stream, () -> gpu.stream.fill(b.address(), (byte) 0x40, 8));
                assertThat(gpu.fake.calls("cuGraphInstantiate")).isEqualTo(made);
                graph.launch(gpu.stream);
                assertThat(gpu.read(a)).containsExactly(0, 0);
                assertThat(gpu.read(b)).containsExactly(3.0039215f, 3.0039215f);
                graph.update(gpu.stream, () -> {
                    gpu.stream.fill(b.address(), (byte) 0, 8);
                    gpu.stream.copyOnDevice(a.address(), b.address(), 8);
                });
                assertThat(gpu.fake.calls("cuGraphInstantiate")).isEqualTo(made + 1);
                graph.launch(gpu.stream);
                assertThat(gpu.read(b)).containsExactly(0, 0);
                assertThat(graph.nodes()).isEqualTo(2);
            }
        }
    }

    @Test
    void whatCannotBeCapturedIsRefusedAndTheStreamGoesOn() {
        assertThatThrownBy(() -> CudaGraph.capture(gpu.stream, () -> gpu.pool.allocate(8, "test"))).isInstanceOf(CudaException.class)
            .hasMessageContaining("STREAM_CAPTURE_UNSUPPORTED");
        assertThatThrownBy(() -> CudaGraph.capture(gpu.stream, gpu.stream::synchronize)).isInstanceOf(CudaException.class);
        assertThatThrownBy(() -> CudaGraph.capture(gpu.stream, () -> {
            throw new IllegalStateException("ours");
        })).hasMessage("ours");
        try (DeviceBuffer buffer = gpu.floats(1, 2)) {
            assertThat(gpu.read(buffer)).containsExactly(1, 2);
        }
    }

    @Test
    void otherStreamsForkAndMustBeJoined() {
        try (CudaStream other = CudaStream.of(gpu.context); CudaEvent fork = CudaEvent.of(gpu.context); CudaEvent join = CudaEvent.of(gpu.context);
                DeviceBuffer a = gpu.floats(0, 0)) {
            final Runnable forked = () -> {
                gpu.stream.record(fork);
                other.await(fork);
                other.fill(a.address(), (byte) 0, 4);
                other.record(join);
            };
            assertThatThrownBy(() -> CudaGraph.capture(gpu.stream, forked)).hasMessageContaining("STREAM_CAPTURE_UNJOINED");
            try (CudaGraph graph = CudaGraph.capture(gpu.stream, () -> {
                forked.run();
                gpu.stream.fill(a.address() + 4, (byte) 0x40, 4);
                gpu.stream.await(join);
            })) {
                graph.launch(gpu.stream);
                assertThat(gpu.read(a)).containsExactly(0, 3.0039215f);
            }
        }
    }
}
