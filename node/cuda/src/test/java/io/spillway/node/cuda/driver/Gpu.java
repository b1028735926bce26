package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.cuda.KernelImage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A context with all that most tests need; what is left over when it is closed fails the test. */
final class Gpu implements AutoCloseable {
    final FakeDriver fake;
    final CudaContext context;
    final DevicePool pool;
    final CudaModules modules;
    final CudaStream stream;
    final StreamLauncher launcher;

    Gpu() {
        fake = FakeDriver.load();
        fake.revive();
        context = fake.driver().open(0);
        pool = new DevicePool(context);
        modules = new CudaModules(context, List.of(KernelImage.load("rows")));
        stream = CudaStream.of(context);
        launcher = new StreamLauncher(modules, stream);
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
        assertThat(fake.handles()).isZero();
        assertThat(fake.live()).isZero();
    }
}
