package io.spillway.node.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spillway.node.cuda.KernelArgument;
import io.spillway.node.cuda.KernelFailedException;
import io.spillway.node.cuda.KernelLaunch;
import io.spillway.node.cuda.KernelLauncher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Puts kernels on a stream. A launch that fits is put there and returns at once; whether the kernel went well shows when the stream is
 * waited for. Arguments are written to memory that is reused: the driver copies them during the call. One thread at a time.
 */
public final class StreamLauncher implements KernelLauncher, AutoCloseable {
    private static final int ARGUMENTS_MAX = 64;
    private static final int CONFIG_BYTES = 56;
    private static final int CONFIG_SHARED = 24;
    private static final int CONFIG_STREAM = 32;
    private static final int CONFIG_ATTRIBUTES = 40;
    private static final int CONFIG_ATTRIBUTE_COUNT = 48;
    private static final int ATTRIBUTE_BYTES = 72;
    private static final int ATTRIBUTE_VALUE = 8;
    private static final int MAY_OVERLAP = 6; // programmatic stream serialization

    private final CudaModules modules;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment config = arena.allocate(CONFIG_BYTES, Long.BYTES);
    private final MemorySegment values = arena.allocate(JAVA_LONG, ARGUMENTS_MAX);
    private final MemorySegment pointers = arena.allocate(JAVA_LONG, ARGUMENTS_MAX);

    /** @param modules outlives this, like the stream */
    public StreamLauncher(final CudaModules modules, final CudaStream stream) {
        this.modules = modules;
        final MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, Long.BYTES);
        attribute.set(JAVA_INT, 0, MAY_OVERLAP);
        attribute.set(JAVA_INT, ATTRIBUTE_VALUE, 1);
        config.set(JAVA_LONG, CONFIG_STREAM, stream.handle());
        config.set(ADDRESS, CONFIG_ATTRIBUTES, attribute);
        for (int i = 0; i < ARGUMENTS_MAX; i++) {
            pointers.setAtIndex(JAVA_LONG, i, values.address() + (long) i * Long.BYTES);
        }
    }

    /**
     * Puts a kernel on the stream.
     *
     * @throws KernelFailedException when there is no such kernel, its arguments or extents do not fit, or an earlier one has killed the
     *                               context; its cause is the driver's answer
     */
    @Override
    public void launch(final KernelLaunch launch) {
        final DeviceFunction function = modules.find(launch.kernel());
        function.check(launch.arguments());
        write(launch);
        try {
            if (launch.sharedBytes() > function.sharedMaxBytes()) {
                modules.allowShared(function, launch.sharedBytes());
            }
            modules.context().check("cuLaunchKernelEx",
                    modules.context().calls().launchKernel.call(config.address(), function.handle(), pointers.address(), 0));
        } catch (final CudaException e) {
            throw new KernelFailedException(launch.kernel(), e.getMessage(), e);
        }
    }

    private void write(final KernelLaunch launch) {
        config.setAtIndex(JAVA_INT, 0, launch.grid().x());
        config.setAtIndex(JAVA_INT, 1, launch.grid().y());
        config.setAtIndex(JAVA_INT, 2, launch.grid().z());
        config.setAtIndex(JAVA_INT, 3, launch.block().x());
        config.setAtIndex(JAVA_INT, 4, launch.block().y());
        config.setAtIndex(JAVA_INT, 5, launch.block().z());
        config.set(JAVA_INT, CONFIG_SHARED, launch.sharedBytes());
        config.set(JAVA_INT, CONFIG_ATTRIBUTE_COUNT, launch.mayOverlap() ? 1 : 0);
        final List<KernelArgument> arguments = launch.arguments();
        for (int i = 0; i < arguments.size(); i++) {
            switch (arguments.get(i)) {
                case final KernelArgument.Address it -> values.setAtIndex(JAVA_LONG, i, it.address());
                case final KernelArgument.Int64 it -> values.setAtIndex(JAVA_LONG, i, it.value());
                case final KernelArgument.Int32 it -> values.set(JAVA_INT, (long) i * Long.BYTES, it.value());
                case final KernelArgument.Float32 it -> values.set(JAVA_FLOAT, (long) i * Long.BYTES, it.value());
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
