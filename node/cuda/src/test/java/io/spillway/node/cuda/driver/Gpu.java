package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.cuda.KernelImage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A context with all that most tests need; what is left over when it is closed fails the test. Over the driver that the build makes, or with
 * {@code -Dspillway.kernels=driver} over the one that {@code -Dspillway.driver} names: then {@link #fake} is null.
 */
final class Gpu implements AutoCloseable {
    final FakeDriver fake;
    final CudaContext context;
    final DevicePool pool;
    final CudaModules modules;
    final CudaStream stream;
    final StreamLauncher launcher;

    Gpu() {
        fake = isReal() ? null : FakeDriver.load();
        if (fake != null) {
            fake.revive();
        }
        final CudaDriver driver = fake == null ? real() : fake.driver();
        context = driver.open(driver.report().devices().getFirst().ordinal());
        pool = new DevicePool(context);
        modules = new CudaModules(context, List.of(KernelImage.load("rows")));
        stream = CudaStream.of(context);
        launcher = new StreamLauncher(modules, stream);
    }

    private static boolean isReal() {
        return System.getProperty("spillway.kernels", "shim").equals("driver");
    }

    private static CudaDriver real() {
        try {
            return CudaDriver.load(System.getProperty("spillway.driver", CudaProbe.LIBRARY));
        } catch (final CudaUnavailableException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** @return folders that may hold NVIDIA's libraries: those of {@code -Dspillway.libraries}, or the build's */
    static List<Path> libraries() {
        if (isReal()) {
            final String folders = System.getProperty("spillway.libraries", "");
            return folders.isEmpty() ? List.of() : Arrays.stream(folders.split(":")).map(Path::of).toList();
        }
        return List.of(Path.of(System.getProperty("spillway.root"), "node", "cuda", "target", "shim", "libraries"));
    }

    DeviceBuffer floats(final float... values) {
        final DeviceBuffer buffer = pool.allocate(values.length * 4L, "test");
        try (PinnedSlab slab = PinnedSlab.allocate(context, values.length * 4L)) {
            slab.segment().copyFrom(MemorySegment.ofArray(values));
            stream.copyToDevice(buffer.address(), slab.segment());
            stream.synchronize();
        }
        return buffer;
    }

    float[] read(final DeviceBuffer buffer) {
        try (PinnedSlab slab = PinnedSlab.allocate(context, buffer.bytes())) {
            stream.copyToHost(slab.segment(), buffer.address());
            stream.synchronize();
            return slab.segment().toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    @Override
    public void close() {
        launcher.close();
        stream.close();
        modules.close();
        pool.close();
        assertThat(context.openCount()).isZero();
        context.close();
        if (fake != null) {
            assertThat(fake.handles()).isZero();
            assertThat(fake.live()).isZero();
        }
    }
}
