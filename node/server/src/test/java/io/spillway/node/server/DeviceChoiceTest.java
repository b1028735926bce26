package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.cuda.CudaDevice;
import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.cuda.CudaReport;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.server.NodeConfig.Engine.Backend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a node computes, and that it says so. */
class DeviceChoiceTest {
    private static final CudaReport NONE = new CudaReport.Unusable("no NVIDIA driver: libcuda.so.1 cannot be loaded");
    private static final CudaReport FOUND = new CudaReport.Usable(13_000, List.of(new CudaDevice(0, "a GPU", 1L << 30, 9, 0)));

    @TempDir
    private Path data;
    private final List<String> log = new ArrayList<>();

    /** Known by its name. */
    private record Named(String description) implements NodeDevice {
        @Override
        public NodeModel load(final ModelSource source, final ModelLoader.Options options) {
            throw new AssertionError("nothing is loaded here");
        }

        @Override
        public void close() {
            // holds nothing
        }
    }

    private String choose(final Backend wanted, final CudaReport report, final DeviceChoice.GpuOpener gpu) {
        return new DeviceChoice(() -> report, Optional.ofNullable(gpu), () -> new Named("CPU")).choose(wanted, log::add).description();
    }

    private static void refused(final Runnable choice, final String why) {
        assertThatThrownBy(choice::run).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(e.field()).contains("engine.backend");
            assertThat(e.getMessage()).isEqualTo("engine.backend is cuda, but " + why);
        });
    }

    @Test
    void aGpuIsTakenWhereItCanBe() {
        for (final Backend wanted : List.of(Backend.AUTO, Backend.CUDA)) {
            assertThat(choose(wanted, FOUND, found -> new Named(found.line()))).isEqualTo("CUDA 13.0, a GPU (1024 MiB, compute capability 9.0)");
        }
        assertThat(log).isEmpty();
        assertThat(new DeviceChoice(() -> {
            throw new AssertionError("nobody asked for a GPU");
        }, Optional.empty(), () -> new Named("CPU")).choose(Backend.CPU, log::add).description()).isEqualTo("CPU");
    }

    @Test
    void withoutOneTheCpuIsTakenInOneLineUnlessAGpuWasAskedFor() {
        assertThat(choose(Backend.AUTO, NONE, found -> new Named("GPU"))).isEqualTo("CPU");
        assertThat(choose(Backend.AUTO, FOUND, null)).isEqualTo("CPU");
        assertThat(choose(Backend.AUTO, FOUND, found -> {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "x", "it is on fire");
        })).isEqualTo("CPU");
        assertThat(log).containsExactly("it computes on the CPU: no NVIDIA driver: libcuda.so.1 cannot be loaded",
            "it computes on the CPU: nodes do not compute on GPUs yet (found: CUDA 13.0, a GPU (1024 MiB, compute capability 9.0))",
            "it computes on the CPU: it is on fire");
        refused(() -> choose(Backend.CUDA, NONE, found -> new Named("GPU")), "no NVIDIA driver: libcuda.so.1 cannot be loaded");
        refused(() -> choose(Backend.CUDA, FOUND, null),
            "nodes do not compute on GPUs yet (found: CUDA 13.0, a GPU (1024 MiB, compute capability 9.0))");
    }

    @Test
    void aNodeSaysWhatItComputesOnAsLongAsItRuns() throws Exception {
        final Path note = data.resolve("n1").resolve(DeviceNote.FILE);
        try (FakeCoordinator coordinator = new FakeCoordinator()) {
            try (NodeServer node = node(coordinator, "auto")) {
                assertThat(node.descriptor().model()).isPresent();
                assertThat(note).content().startsWith("CPU, ").hasLineCount(1);
            }
            assertThat(note).doesNotExist();
            final String machine = switch (CudaProbe.probe()) {
                case CudaReport.Unusable(String line) -> line;
                case CudaReport.Usable found -> "nodes do not compute on GPUs yet (found: " + found.line() + ")";
            };
            refused(() -> node(coordinator, "cuda"), machine);
            assertThat(Files.exists(note)).isFalse();
        }
    }

    private NodeServer node(final FakeCoordinator coordinator, final String backend) {
        return NodeServer.start(ConfigFile.parse("""
            id: n1
            coordinators: ['127.0.0.1:%d']
            data-dir: '%s'
            model: {id: brook, path: '%s'}
            kv: {device-max-bytes: 32MiB, host-max-bytes: 32MiB}
            engine: {backend: %s}
            """.formatted(coordinator.port(), data.resolve("n1"),
            Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook-small"), backend), "test", NodeConfig.class));
    }
}
