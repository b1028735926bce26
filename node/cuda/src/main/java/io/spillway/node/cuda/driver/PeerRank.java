package io.spillway.node.cuda.driver;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.GroupCall;
import io.spillway.node.cuda.Values;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A rank of a {@link PeerGroup}. Each call: the part is copied to a place that the others read, all meet on the host when that has been put
 * on every stream, and each stream waits for the others' copies and then reads them. There are two such places, used in turn: whoever has
 * come to the next call has put its reading of this one on its stream, and the call after that waits for it before it copies.
 *
 * <p>Its own thread.
 */
final class PeerRank implements DeviceCollective {
    private static final int PLACES = 2;

    private final PeerGroup group;
    private final PeerGpu gpu;
    private final int rank;
    private final DeviceBuffer parts;
    private final DeviceBuffer tables;
    private final StreamLauncher launcher;
    private final CudaEvent[] copied = new CudaEvent[PLACES];
    private final CudaEvent[] read = new CudaEvent[PLACES];
    private long calls;

    PeerRank(final PeerGroup group, final PeerGpu gpu, final int rank) {
        this.group = group;
        this.gpu = gpu;
        this.rank = rank;
        parts = gpu.pool().allocate(PLACES * placeBytes(), "group parts");
        tables = gpu.pool().allocate((long) PLACES * group.ranks() * Long.BYTES, "group tables");
        launcher = new StreamLauncher(gpu.modules(), gpu.stream());
        for (int i = 0; i < PLACES; i++) {
            copied[i] = CudaEvent.of(gpu.context());
            read[i] = CudaEvent.of(gpu.context());
        }
    }

    private long placeBytes() {
        final long alignment = 256;
        return Math.ceilDiv(group.partBytesMax(), alignment) * alignment;
    }

    private long place(final int at) {
        return parts.address() + at * placeBytes();
    }

    /** Opens the others' memory and writes down where their parts are. All ranks are there. */
    void reach() {
        try (PinnedSlab slab = PinnedSlab.allocate(gpu.context(), tables.bytes())) {
            for (int r = 0; r < group.ranks(); r++) {
                final PeerRank other = group.rank(r);
                if (r != rank) {
                    if (!gpu.context().reaches(other.gpu.context())) {
                        throw new IllegalStateException(gpu.context().device().name() + " " + rank + " cannot reach the memory of " + r + ": install NCCL");
                    }
                    gpu.context().openPeer(other.gpu.context());
                }
                for (int at = 0; at < PLACES; at++) {
                    slab.segment().setAtIndex(ValueLayout.JAVA_LONG, (long) at * group.ranks() + r, other.place(at));
                }
            }
            final MemorySegment all = slab.segment();
            gpu.stream().copyToDevice(tables.address(), all);
            gpu.stream().synchronize();
        }
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int ranks() {
        return group.ranks();
    }

    @Override
    public void sum(final CudaStream stream, final long memory, final long count, final DType type) {
        final int at = bring(stream, memory, count * bytes(type));
        launcher.launch(new GroupCall.SumParts(tables.address() + (long) at * group.ranks() * Long.BYTES, group.ranks(), new Values(memory, type), count).launch());
        stream.record(read[at]);
    }

    @Override
    public void gather(final CudaStream stream, final long part, final long all, final long count, final DType type) {
        final long bytes = count * bytes(type);
        final int at = bring(stream, part, bytes);
        for (int r = 0; r < group.ranks(); r++) {
            stream.copyOnDevice(all + r * bytes, group.rank(r).place(at), bytes);
        }
        stream.record(read[at]);
    }

    /** @return the place where the parts of all ranks are, for what is put on the stream from now on */
    private int bring(final CudaStream stream, final long part, final long bytes) {
        if (stream != gpu.stream()) {
            throw new IllegalArgumentException("a rank's sums are put on the stream it has joined with");
        }
        if (bytes > group.partBytesMax()) {
            throw new IllegalArgumentException("a part of " + bytes + " bytes, where " + group.partBytesMax() + " are the most");
        }
        final int at = (int) (calls % PLACES);
        try {
            for (int r = 0; r < group.ranks() && calls >= PLACES; r++) {
                stream.await(group.rank(r).read[at]);
            }
            stream.copyOnDevice(place(at), part, bytes);
            stream.record(copied[at]);
            calls++;
        } catch (final RuntimeException e) {
            group.breakUp();
            throw e;
        }
        group.meet();
        for (int r = 0; r < group.ranks(); r++) {
            stream.await(group.rank(r).copied[at]);
        }
        return at;
    }

    private static int bytes(final DType type) {
        return switch (type) {
            case F16, BF16 -> Short.BYTES;
            case F32 -> Float.BYTES;
            default -> throw new IllegalArgumentException("GPUs do not add " + type);
        };
    }

    /** Waits for the others: they may still read this rank's parts. */
    @Override
    public void close() {
        try {
            gpu.stream().synchronize();
            group.meet();
        } finally {
            free();
        }
    }

    void free() {
        for (int i = 0; i < PLACES; i++) {
            copied[i].close();
            read[i].close();
        }
        launcher.close();
        tables.close();
        parts.close();
    }
}
