package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.KernelFailedException;
import io.spillway.node.cuda.KernelImage;
import io.spillway.node.cuda.KernelLaunch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A GPU with one stream, as models see it. Owns the stream, the loaded kernels and all memory that is taken from it; the context is borrowed.
 * One thread at a time, which has bound the context.
 */
public final class StreamDevice implements Device {
    private static final String OWNER = "model";
    private static final int HOPPER = 9;

    private final CudaContext context;
    private final CudaStream stream;
    private final CudaModules modules;
    private final List<AutoCloseable> owned; // closed with it, in this order
    private final StreamLauncher launcher;
    private final DevicePool pool;
    private final CudaEvent reached; // for those who follow
    private final Map<Long, DeviceBuffer> buffers = new HashMap<>();
    private final List<PinnedSlab> pinned = new ArrayList<>();
    private final List<CudaEvent> events = new ArrayList<>();
    private final ArrayDeque<CudaEvent> unused = new ArrayDeque<>(); // of them: no mark has it

    /** @param context outlives it */
    public StreamDevice(final CudaContext context) {
        this(context, new CudaModules(context, KernelImage.loadAll()), new DevicePool(context), List.of());
    }

    private StreamDevice(final CudaContext context, final CudaModules modules, final DevicePool pool, final List<AutoCloseable> more) {
        this(context, modules, pool);
        owned.add(modules);
        owned.add(pool);
        owned.addAll(more);
    }

    private StreamDevice(final CudaContext context, final CudaModules modules, final DevicePool pool) {
        this.context = context;
        this.modules = modules;
        this.pool = pool;
        owned = new ArrayList<>();
        stream = CudaStream.of(context);
        launcher = new StreamLauncher(modules, stream);
        reached = CudaEvent.of(context);
    }

    /** @param context owned from now on: closed with the device, or when this fails */
    public static StreamDevice owning(final CudaContext context) {
        try {
            return new StreamDevice(context, new CudaModules(context, KernelImage.loadAll()), new DevicePool(context), List.of(context));
        } catch (final RuntimeException e) {
            context.close();
            throw e;
        }
    }

    /** @return the GPU, and what it has */
    public CudaContext context() {
        return context;
    }

    /** @return the stream that everything is put on */
    public CudaStream stream() {
        return stream;
    }

    @Override
    public void bind() {
        context.bind();
    }

    @Override
    public Device sibling() {
        return new StreamDevice(context, modules, pool);
    }

    @Override
    public void follow(final Device sibling) {
        final StreamDevice other = (StreamDevice) sibling;
        other.stream.record(other.reached); // a wait is for what the event says now: it may be recorded again at once
        stream.await(other.reached);
    }

    @Override
    public void copy(final long from, final long to, final long bytes) {
        stream.copyOnDevice(to, from, bytes);
    }

    @Override
    public long allocate(final long bytes) {
        final DeviceBuffer buffer;
        try {
            buffer = pool.allocate(bytes, OWNER);
        } catch (final CudaException e) {
            throw new KernelFailedException(OWNER, e.getMessage(), e);
        }
        buffers.put(buffer.address(), buffer);
        clear(buffer.address(), bytes);
        return buffer.address();
    }

    @Override
    public void free(final long address) {
        if (address != 0) {
            stream.synchronize();
            buffers.remove(address).close();
        }
    }

    @Override
    public MemorySegment pinned(final long bytes) {
        final PinnedSlab slab = PinnedSlab.allocate(context, bytes);
        pinned.add(slab);
        return slab.segment().fill((byte) 0);
    }

    @Override
    public void toDevice(final MemorySegment from, final long to) {
        stream.copyToDevice(to, from);
    }

    @Override
    public void toHost(final long from, final MemorySegment to) {
        stream.copyToHost(to, from);
    }

    @Override
    public void clear(final long at, final long bytes) {
        stream.fill(at, (byte) 0, bytes);
    }

    @Override
    public void launch(final KernelLaunch launch) {
        launcher.launch(launch);
    }

    @Override
    public Mark mark() {
        if (unused.isEmpty()) {
            final CudaEvent fresh = CudaEvent.of(context);
            events.add(fresh);
            unused.add(fresh);
        }
        final CudaEvent event = unused.poll();
        stream.record(event);
        return new EventMark(event);
    }

    @Override
    public Replay record(final Runnable launches) {
        final CudaGraph graph = CudaGraph.capture(stream, launches);
        return new Replay() {
            @Override
            public void launch() {
                graph.launch(stream);
            }

            @Override
            public void close() {
                graph.close();
            }
        };
    }

    @Override
    public int multiprocessors() {
        return context.limits().multiprocessors();
    }

    @Override
    public boolean hasWarpgroups() {
        return context.device().major() == HOPPER && context.device().minor() == 0;
    }

    @Override
    public void close() {
        if (!context.isLost()) {
            stream.synchronize();
        }
        List.copyOf(buffers.values()).forEach(DeviceBuffer::close);
        buffers.clear();
        pinned.forEach(PinnedSlab::close);
        events.forEach(CudaEvent::close);
        reached.close();
        launcher.close();
        stream.close();
        for (final AutoCloseable part : owned) {
            close(part);
        }
    }

    private static void close(final AutoCloseable part) {
        try {
            part.close();
        } catch (final RuntimeException e) {
            throw e;
        } catch (final Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Its event is used again as soon as it has been seen passed. */
    private final class EventMark implements Mark {
        private final CudaEvent event;
        private boolean isPassed;

        private EventMark(final CudaEvent event) {
            this.event = event;
        }

        @Override
        public boolean isPassed() {
            if (!isPassed && event.isDone()) {
                passed();
            }
            return isPassed;
        }

        @Override
        public void await() {
            if (!isPassed) {
                event.synchronize();
                passed();
            }
        }

        private void passed() {
            isPassed = true;
            unused.add(event);
        }
    }
}
