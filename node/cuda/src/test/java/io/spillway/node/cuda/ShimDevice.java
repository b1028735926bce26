package io.spillway.node.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The kernels on the CPU as a device: everything runs at once, and what is recorded runs when it is replayed. One thread. */
public final class ShimDevice implements Device {
    private final Shim shim;
    private final Arena arena = Arena.ofShared();
    private final Map<Long, MemorySegment> pieces = new HashMap<>();
    private List<Runnable> recording;

    /** Without a C++ compiler the test is skipped, and says so. */
    public ShimDevice() {
        this(Shim.load());
    }

    private ShimDevice(final Shim shim) {
        this.shim = shim;
    }

    @Override
    public void bind() {
        // any thread may
    }

    @Override
    public Device sibling() {
        return new ShimDevice(shim);
    }

    @Override
    public void follow(final Device sibling) {
        // everything has run
    }

    @Override
    public void copy(final long from, final long to, final long bytes) {
        run(() -> MemorySegment.ofAddress(to).reinterpret(bytes).copyFrom(MemorySegment.ofAddress(from).reinterpret(bytes)));
    }

    @Override
    public long allocate(final long bytes) {
        final MemorySegment piece = shim.allocate(bytes);
        pieces.put(piece.address(), piece);
        return piece.address();
    }

    @Override
    public void free(final long address) {
        if (address != 0) {
            shim.free(pieces.remove(address));
        }
    }

    @Override
    public MemorySegment pinned(final long bytes) {
        return arena.allocate(bytes, ALIGNMENT_BYTES);
    }

    @Override
    public void toDevice(final MemorySegment from, final long to) {
        run(() -> MemorySegment.ofAddress(to).reinterpret(from.byteSize()).copyFrom(from));
    }

    @Override
    public void toHost(final long from, final MemorySegment to) {
        run(() -> to.copyFrom(MemorySegment.ofAddress(from).reinterpret(to.byteSize())));
    }

    @Override
    public void clear(final long at, final long bytes) {
        run(() -> MemorySegment.ofAddress(at).reinterpret(bytes).fill((byte) 0));
    }

    @Override
    public void launch(final KernelLaunch launch) {
        run(() -> shim.launch(launch));
    }

    private void run(final Runnable work) {
        if (recording == null) {
            work.run();
        } else {
            recording.add(work);
        }
    }

    @Override
    public Mark mark() {
        return new Mark() {
            @Override
            public boolean isPassed() {
                return true;
            }

            @Override
            public void await() {
                // everything has run
            }
        };
    }

    @Override
    public Replay record(final Runnable launches) {
        final List<Runnable> recorded = new ArrayList<>();
        recording = recorded;
        try {
            launches.run();
        } finally {
            recording = null;
        }
        return new Replay() {
            @Override
            public void launch() {
                recorded.forEach(Runnable::run);
            }

            @Override
            public void close() {
                recorded.clear();
            }
        };
    }

    @Override
    public int multiprocessors() {
        return 2;
    }

    @Override
    public boolean hasWarpgroups() {
        return false;
    }

    @Override
    public void close() {
        final int held = pieces.size();
        List.copyOf(pieces.keySet()).forEach(this::free);
        arena.close();
        if (held > 0) {
            throw new IllegalStateException(held + " pieces of device memory were not freed");
        }
    }
}
