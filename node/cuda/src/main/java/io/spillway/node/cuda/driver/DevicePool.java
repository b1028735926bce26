package io.spillway.node.cuda.driver;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The only owner, and the only freer, of a GPU's memory in this process. Whoever takes a buffer says who he is and releases it once;
 * what is not released is counted and named when the pool is closed.
 *
 * <p>Any thread that has bound the context.
 */
public final class DevicePool implements AutoCloseable {
    private final CudaContext context;
    private final Map<Long, DeviceBuffer> live = new ConcurrentHashMap<>();
    private final AtomicLong liveBytes = new AtomicLong();

    /** @param context outlives the pool */
    public DevicePool(final CudaContext context) {
        this.context = requireNonNull(context, "context");
    }

    /**
     * Takes memory for long: weights, caches, work space. Not initialised, aligned to 256 bytes. The call, and the release, may wait for
     * all of the GPU's work.
     *
     * @param owner for whom, in a word or two: named where it leaks
     * @throws CudaException {@link CudaException#isOutOfMemory()} when there is too little
     */
    public DeviceBuffer allocate(final long bytes, final String owner) {
        return take(bytes, owner, null);
    }

    /** Takes memory for work on one stream: neither this nor the release waits. Use it on that stream, or after it. */
    public DeviceBuffer allocate(final long bytes, final String owner, final CudaStream stream) {
        return take(bytes, owner, requireNonNull(stream, "stream"));
    }

    private DeviceBuffer take(final long bytes, final String owner, final CudaStream stream) {
        requireNonNull(owner, "owner");
        if (bytes <= 0) {
            throw new IllegalArgumentException("a buffer has bytes: " + bytes + " for " + owner);
        }
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
            if (stream == null) {
                context.check("cuMemAlloc of " + bytes + " bytes for " + owner, context.calls().allocate.call(address.address(), bytes));
            } else {
                context.check("cuMemAllocAsync of " + bytes + " bytes for " + owner,
                        context.calls().allocateAsync.call(address.address(), bytes, stream.handle()));
            }
            final DeviceBuffer buffer = new DeviceBuffer(this, owner, address.get(ValueLayout.JAVA_LONG, 0), bytes, stream);
            live.put(buffer.address(), buffer);
            liveBytes.addAndGet(bytes);
            context.opened();
            return buffer;
        }
    }

    void release(final DeviceBuffer buffer) {
        live.remove(buffer.address());
        liveBytes.addAndGet(-buffer.bytes());
        context.closed();
        if (buffer.stream() == null) {
            context.checkUnlessLost("cuMemFree", context.calls().free.call(buffer.address()));
        } else {
            context.checkUnlessLost("cuMemFreeAsync", context.calls().freeAsync.call(buffer.address(), buffer.stream().handle()));
        }
    }

    /** @return buffers that are not released */
    public int liveCount() {
        return live.size();
    }

    /** @return their bytes */
    public long liveBytes() {
        return liveBytes.get();
    }

    /** @return bytes by owner, of what is not released */
    public Map<String, Long> bytesByOwner() {
        final Map<String, Long> bytes = new TreeMap<>();
        live.values().forEach(buffer -> bytes.merge(buffer.owner(), buffer.bytes(), Long::sum));
        return bytes;
    }

    /** @throws IllegalStateException when a buffer is not released: it names the owners; the memory then stays valid */
    @Override
    public void close() {
        if (!live.isEmpty()) {
            throw new IllegalStateException("device memory is still held: " + bytesByOwner());
        }
    }
}
