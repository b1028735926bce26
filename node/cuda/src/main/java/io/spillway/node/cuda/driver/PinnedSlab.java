package io.spillway.node.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Host memory that the system may not move: copies from and to it run beside other work, at the speed of the link. Pinned once, which
 * takes about a second for a few GiB, for all GPUs of the process. No copy may be under way when it is closed.
 *
 * <p>Any thread that has bound the context.
 */
public final class PinnedSlab implements AutoCloseable {
    private static final int FOR_ALL_CONTEXTS = 1;

    private final CudaContext context;
    private final MemorySegment segment;
    private final boolean isOurs;
    private final AtomicBoolean closed = new AtomicBoolean();

    private PinnedSlab(final CudaContext context, final MemorySegment segment, final boolean isOurs) {
        this.context = context;
        this.segment = segment;
        this.isOurs = isOurs;
        context.opened();
    }

    /** @return new memory from the driver, zeroed or not. @throws CudaException when the system lets no more be pinned */
    public static PinnedSlab allocate(final CudaContext context, final long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("a slab has bytes: " + bytes);
        }
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
            context.check("cuMemHostAlloc of " + bytes + " bytes", context.calls().allocateHost.call(address.address(), bytes, FOR_ALL_CONTEXTS));
            return new PinnedSlab(context, MemorySegment.ofAddress(address.get(ValueLayout.JAVA_LONG, 0)).reinterpret(bytes), true);
        }
    }

    /**
     * Pins memory that somebody has.
     *
     * @param memory off the heap; its owner keeps it until this is closed
     */
    public static PinnedSlab register(final CudaContext context, final MemorySegment memory) {
        if (!memory.isNative() || memory.byteSize() == 0) {
            throw new IllegalArgumentException("only off-heap memory can be pinned");
        }
        context.check("cuMemHostRegister of " + memory.byteSize() + " bytes",
                context.calls().register.call(memory.address(), memory.byteSize(), FOR_ALL_CONTEXTS));
        return new PinnedSlab(context, memory, false);
    }

    /** @return all of it; borrowed until {@link #close()} */
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            throw new IllegalStateException("pinned slab closed twice");
        }
        context.closed();
        if (isOurs) {
            context.checkUnlessLost("cuMemFreeHost", context.calls().freeHost.call(segment.address()));
        } else {
            context.checkUnlessLost("cuMemHostUnregister", context.calls().unregister.call(segment.address()));
        }
    }
}
