package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.Extent;
import io.spillway.node.cuda.KernelArgument.Address;
import io.spillway.node.cuda.KernelArgument.Int32;
import io.spillway.node.cuda.KernelFailedException;
import io.spillway.node.cuda.KernelLaunch;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.Values;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contexts, memory, streams, events and launches over a driver's library that does its work late. */
@Tag("driver")
class DriverTest {
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
    void namesTheGpuAndWhatItHas() {
        assertThat(gpu.fake.driver().report().line()).startsWith("CUDA 13.0, Fake GPU 0 (");
        assertThat(gpu.context.device().name()).isEqualTo("Fake GPU 0");
        assertThat(gpu.context.limits()).isEqualTo(new DeviceLimits(4, 60 << 20, 227 << 10, 228 << 10, 1_980_000, 3_201_000, 6144, 3, "ffff:00:00.0"));
        assertThat(gpu.context.limits().memoryBytesPerSecond()).isBetween(4.9e12, 5.0e12);
        assertThatThrownBy(() -> gpu.fake.driver().open(7)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no usable GPU has the number 7");
    }

    @Test
    void aLibraryThatIsNoDriverIsOneLine() {
        final String stub = Path.of(System.getProperty("spillway.root"), "node/cuda/target/shim/libcuda-good.so").toString();
        assertThatThrownBy(() -> CudaDriver.load(stub)).isInstanceOf(CudaUnavailableException.class)
            .hasMessageContaining("has no function cu").hasMessageEndingWith("it is too old or incomplete");
        assertThatThrownBy(() -> CudaDriver.load("libcuda-that-is-not-there.so.1")).isInstanceOf(CudaUnavailableException.class)
            .hasMessage("no NVIDIA driver: libcuda-that-is-not-there.so.1 cannot be loaded");
    }

    /** Nothing of JCuda stays in the folder that all users share. */
    @Test
    void leavesNoNativesInTheTemporaryFolder() {
        assertThat(Path.of(System.getProperty("java.io.tmpdir")).toFile().list((folder, name) -> name.contains("JCuda"))).isEmpty();
    }

    /** A copy happens when it is waited for: what the host writes before that arrives too. So a missing wait shows in tests. */
    @Test
    void copiesHappenLate() {
        try (DeviceBuffer buffer = gpu.pool.allocate(8, "test"); PinnedSlab slab = PinnedSlab.allocate(gpu.context, 8)) {
            slab.segment().set(ValueLayout.JAVA_LONG, 0, 1);
            gpu.stream.copyToDevice(buffer.address(), slab.segment());
            slab.segment().set(ValueLayout.JAVA_LONG, 0, 2);
            gpu.stream.copyToHost(slab.segment(), buffer.address());
            assertThat(gpu.stream.isIdle()).isFalse();
            slab.segment().set(ValueLayout.JAVA_LONG, 0, 3);
            gpu.stream.synchronize();
            assertThat(slab.segment().get(ValueLayout.JAVA_LONG, 0)).isEqualTo(2);
            assertThat(gpu.stream.isIdle()).isTrue();
        }
    }

    @Test
    void kernelsComputeOnTheStream() {
        try (DeviceBuffer x = gpu.floats(0, 1, -1, 100); DeviceBuffer bias = gpu.floats(5, 2, 2, 3)) {
            gpu.launcher.launch(new RowCall.AddBias(new Values(x.address(), DType.F32), bias.address(), 1, 4).launch());
            assertThat(gpu.read(x)).containsExactly(5, 3, 1, 103);
        }
    }

    @Test
    void launchesThatDoNotFitAreRefusedAndTheNextOneRuns() {
        final KernelLaunch good = copy(0, 0, 0, 0, 0);
        assertThatThrownBy(() -> gpu.launcher.launch(new KernelLaunch("no_such", Extent.of(1), Extent.of(32), 0, List.of())))
            .isInstanceOf(KernelFailedException.class).hasMessage("kernel no_such: there is none of this name");
        assertThatThrownBy(() -> gpu.launcher.launch(new KernelLaunch(good.kernel(), Extent.of(1), Extent.of(32), 0, List.of(new Address(0)))))
            .hasMessage("kernel copy_pieces: takes 5 arguments, not 1");
        assertThatThrownBy(() -> gpu.launcher.launch(new KernelLaunch(good.kernel(), Extent.of(1), Extent.of(32), 0, java.util.Collections.nCopies(5, new Int32(1)))))
            .hasMessageContaining("argument 0 has another size");
        assertThatThrownBy(() -> gpu.launcher.launch(new KernelLaunch(good.kernel(), good.grid(), good.block(), 300 << 10, good.arguments())))
            .isInstanceOf(KernelFailedException.class).hasMessageContaining("CUDA_ERROR_INVALID_VALUE (1)").hasCauseInstanceOf(CudaException.class);
        assertThat(gpu.context.isLost()).isFalse();
        kernelsComputeOnTheStream();
    }

    /** 48 KiB come without leave; more is asked for once. */
    @Test
    void muchSharedMemoryIsAskedForOnce() {
        final long before = gpu.fake.calls("cuFuncSetAttribute");
        try (DeviceBuffer from = gpu.floats(1, 2); DeviceBuffer to = gpu.floats(0, 0); DeviceBuffer at = gpu.pool.allocate(8, "test")) {
            gpu.stream.fill(at.address(), (byte) 0, 8);
            final KernelLaunch small = copy(from.address(), at.address(), to.address(), at.address(), 8);
            for (final int bytes : new int[] {0, 48 << 10, 100 << 10, 100 << 10, 64 << 10}) {
                gpu.launcher.launch(new KernelLaunch(small.kernel(), small.grid(), small.block(), bytes, small.arguments()));
            }
            gpu.launcher.launch(small.overlapping());
            assertThat(gpu.read(to)).containsExactly(1, 2);
        }
        assertThat(gpu.fake.calls("cuFuncSetAttribute") - before).isEqualTo(1);
        assertThat(gpu.fake.calls("overlapped")).isPositive();
    }

    /** As on a GPU: the fault shows where somebody waits, and then everything fails. */
    @Test
    void aFaultKillsTheContext() {
        try (DeviceBuffer from = gpu.floats(1, 2, 3, 4); DeviceBuffer at = gpu.pool.allocate(8, "test")) {
            gpu.stream.fill(at.address(), (byte) 0, 8);
            gpu.launcher.launch(copy(from.address(), at.address(), 4096, at.address(), 16));
            final CudaException failure = catchThrowableOfType(CudaException.class, gpu.stream::synchronize);
            assertThat(failure).hasMessage("cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700): a kernel touched memory that is not its own, a bug of "
                + "ours: restart the node");
            assertThat(failure.isContextLost()).isTrue();
            assertThat(gpu.context.isLost()).isTrue();
            assertThat(gpu.fake.fault()).startsWith("copy_pieces: access to memory that is not the kernel's");
            assertThatThrownBy(() -> gpu.launcher.launch(copy(from.address(), at.address(), from.address(), at.address(), 16)))
                .isInstanceOf(KernelFailedException.class).hasRootCauseInstanceOf(CudaException.class);
        } finally {
            gpu.launcher.close();
            gpu.context.close();
            gpu.fake.revive();
            gpu.fake.sweep();
            gpu = new Gpu();
        }
    }

    @Test
    void tooLittleMemoryIsTypedAndChangesNothing() {
        gpu.fake.memory(1 << 20);
        try (DeviceBuffer held = gpu.pool.allocate(1 << 19, "weights")) {
            final CudaException failure = catchThrowableOfType(CudaException.class, () -> gpu.pool.allocate(1 << 20, "kv cache"));
            assertThat(failure.isOutOfMemory()).isTrue();
            assertThat(failure.isContextLost()).isFalse();
            assertThat(failure).hasMessageContaining("1048576 bytes for kv cache").hasMessageContaining("give the KV cache or the batch less memory");
            assertThat(gpu.pool.liveBytes()).isEqualTo(1 << 19);
            assertThat(gpu.pool.bytesByOwner()).containsExactly(java.util.Map.entry("weights", 1L << 19));
            assertThat(gpu.context.freeBytes()).isEqualTo(1 << 19);
            assertThat(held.address() % 256).isZero();
            assertThatThrownBy(() -> held.address(1 << 19, 1)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(gpu.pool::close).hasMessage("device memory is still held: {weights=524288}");
        } finally {
            gpu.fake.memory(1 << 30);
        }
    }

    @Test
    void leasesAreReleasedOnceAndLeaksAreNamed() {
        final DeviceBuffer buffer = gpu.pool.allocate(100, "test", gpu.stream);
        assertThatThrownBy(gpu.context::close).isInstanceOf(IllegalStateException.class).hasMessageContaining("still open");
        buffer.close();
        assertThatThrownBy(buffer::close).hasMessage("device buffer of test released twice");
        assertThatThrownBy(() -> gpu.pool.allocate(0, "test")).isInstanceOf(IllegalArgumentException.class);
        gpu.stream.synchronize();
        assertThat(gpu.fake.live()).isZero();
    }

    /** Freed in the order of the stream: what is before it still has the memory. */
    @Test
    void memoryOfAStreamIsFreedInItsOrder() {
        try (PinnedSlab slab = PinnedSlab.allocate(gpu.context, 16)) {
            final DeviceBuffer buffer = gpu.pool.allocate(16, "test", gpu.stream);
            gpu.stream.fill(buffer.address(), (byte) 7, 16);
            gpu.stream.copyToHost(slab.segment(), buffer.address());
            buffer.close();
            gpu.stream.synchronize();
            assertThat(slab.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(7);
        }
    }

    @Test
    void eventsOrderStreamsAndTellTheTime() {
        try (CudaStream other = CudaStream.urgent(gpu.context); CudaEvent start = CudaEvent.timed(gpu.context); CudaEvent written = CudaEvent.timed(gpu.context);
                DeviceBuffer buffer = gpu.pool.allocate(16, "test"); PinnedSlab slab = PinnedSlab.allocate(gpu.context, 16)) {
            assertThat(written.isDone()).isTrue();
            gpu.stream.record(start);
            gpu.stream.fill(buffer.address(), (byte) 9, 16);
            gpu.stream.record(written);
            assertThat(written.isDone()).isFalse();
            other.await(written);
            other.copyToHost(slab.segment(), buffer.address());
            other.synchronize();
            assertThat(slab.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(9);
            written.synchronize();
            assertThat(written.isDone()).isTrue();
            assertThat(written.nanosSince(start)).isNotNegative();
            try (CudaEvent plain = CudaEvent.of(gpu.context)) {
                gpu.stream.record(plain);
                plain.synchronize();
                assertThatThrownBy(() -> plain.nanosSince(start)).isInstanceOf(CudaException.class);
            }
        }
    }

    @Test
    void hostMemoryIsPinnedOnceAndOnlyOffTheHeap() {
        try (Arena arena = Arena.ofConfined(); DeviceBuffer buffer = gpu.pool.allocate(64, "test")) {
            final MemorySegment memory = arena.allocate(64);
            final PinnedSlab slab = PinnedSlab.register(gpu.context, memory);
            assertThatThrownBy(() -> PinnedSlab.register(gpu.context, memory)).hasMessageContaining("HOST_MEMORY_ALREADY_REGISTERED");
            gpu.stream.copyToDevice(buffer.address(), slab.segment());
            gpu.stream.synchronize();
            slab.close();
            assertThatThrownBy(slab::close).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> PinnedSlab.register(gpu.context, MemorySegment.ofArray(new byte[8]))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> gpu.stream.copyToDevice(buffer.address(), MemorySegment.ofArray(new byte[8])))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("off-heap");
        }
    }

    @Test
    void aThreadThatBindsNothingIsToldSo() throws InterruptedException {
        final Throwable[] failure = new Throwable[1];
        final Thread thread = new Thread(() -> failure[0] = catchThrowableOfType(CudaException.class, () -> gpu.pool.allocate(8, "test")));
        thread.start();
        thread.join();
        assertThat(failure[0]).hasMessageContaining("CUDA_ERROR_INVALID_CONTEXT (201)").hasMessageContaining("has not bound");
    }

    @Test
    void gpusReachEachOther() {
        final CudaContext second = gpu.fake.driver().open(1);
        final DevicePool pool = new DevicePool(second);
        final DeviceBuffer there = pool.allocate(16, "test");
        gpu.context.bind();
        try (DeviceBuffer here = gpu.floats(1, 2, 3, 4); DeviceBuffer back = gpu.floats(0, 0, 0, 0)) {
            assertThat(gpu.context.reaches(second)).isTrue();
            gpu.stream.copyToPeer(second, there.address(), here.address(), 16);
            assertThatThrownBy(() -> gpu.stream.copyOnDevice(back.address(), there.address(), 16)).isInstanceOf(CudaException.class);
            gpu.context.openPeer(second);
            gpu.context.openPeer(second);
            gpu.stream.copyOnDevice(back.address(), there.address(), 16);
            assertThat(gpu.read(back)).containsExactly(1, 2, 3, 4);
        }
        second.bind();
        there.close();
        second.close();
        gpu.context.bind();
    }

    @Test
    void aRefusalNamesFunctionAndCode() {
        gpu.fake.fail("cuStreamCreate", 801);
        assertThatThrownBy(() -> CudaStream.of(gpu.context)).hasMessage("cuStreamCreateWithPriority: CUDA_ERROR_NOT_SUPPORTED (801): the GPU or its driver "
            + "cannot do it");
        gpu.fake.fail("cuEventCreate", 12345);
        assertThatThrownBy(() -> CudaEvent.of(gpu.context)).hasMessage("cuEventCreate: CUDA error 12345");
    }

    @Test
    void theLinkIsReadWhereTheSystemShowsIt(@TempDir final Path folder) throws IOException {
        assertThat(PcieLink.read(folder)).isEmpty();
        Files.writeString(folder.resolve("max_link_speed"), "32.0 GT/s PCIe\n");
        Files.writeString(folder.resolve("max_link_width"), "16\n");
        assertThat(PcieLink.read(folder)).isEqualTo(Optional.of(new PcieLink(32, 16)));
        assertThat(new PcieLink(32, 16).bytesPerSecond()).isBetween(63.0e9, 63.1e9);
    }

    private static KernelLaunch copy(final long source, final long sourceOffsets, final long target, final long targetOffsets, final long bytes) {
        return new RowCall.CopyPieces(source, sourceOffsets, target, targetOffsets, 1, bytes).launch();
    }
}
