package io.spillway.node.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spillway.node.compute.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** NVIDIA's library for several GPUs, where the machine has it. Loaded for good; any thread. */
public final class Nccl {
    /** Looked for by this name. */
    static final List<String> NAMES = List.of("libnccl.so.2");

    private static final long ID_BYTES = 128;
    private static final int SUM = 0;

    private final DriverFunction uniqueId;
    private final DriverFunction destroy;
    private final DriverFunction abort;
    private final DriverFunction allReduce;
    private final DriverFunction allGather;
    private final StructFunction join;

    private Nccl(final DriverLibrary library) throws CudaUnavailableException {
        uniqueId = library.function("ncclGetUniqueId", JAVA_LONG);
        destroy = library.function("ncclCommDestroy", JAVA_LONG);
        abort = library.function("ncclCommAbort", JAVA_LONG);
        allReduce = library.function("ncclAllReduce", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
        allGather = library.function("ncclAllGather", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
        join = new StructFunction("ncclCommInitRank", library.handle("ncclCommInitRank", JAVA_LONG, JAVA_INT,
                MemoryLayout.structLayout(MemoryLayout.sequenceLayout(ID_BYTES, JAVA_BYTE)), JAVA_INT));
    }

    /** @return the library; empty: there is none that loads. @param folders where the user says it may be */
    public static Optional<Nccl> open(final List<Path> folders) {
        final Optional<DriverLibrary> library = LibrarySearch.find(NAMES, folders);
        if (library.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Nccl(library.get()));
        } catch (final CudaUnavailableException e) {
            return Optional.empty(); // a library of that name without these functions: as if there were none
        }
    }

    /** @return what all ranks of one group give to {@link #join}; made by one of them, 128 bytes */
    public byte[] newGroup() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment id = arena.allocate(ID_BYTES);
            check("ncclGetUniqueId", uniqueId.call(id.address()));
            return id.toArray(JAVA_BYTE);
        }
    }

    /**
     * Makes this thread's GPU a rank of a group. Waits until all ranks have called this, each in a thread or process of its own.
     *
     * @param context bound to the calling thread
     * @param group   of {@link #newGroup()}
     */
    public DeviceCollective join(final CudaContext context, final byte[] group, final int rank, final int ranks) {
        if (group.length != ID_BYTES || rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException("not a rank of a group: " + rank + " of " + ranks + ", a group of " + group.length + " bytes");
        }
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment out = arena.allocate(JAVA_LONG);
            final MemorySegment id = arena.allocate(ID_BYTES).copyFrom(MemorySegment.ofArray(group));
            check("ncclCommInitRank", join.call(out.address(), ranks, id, rank));
            context.opened();
            return new Rank(context, out.get(JAVA_LONG, 0), rank, ranks);
        }
    }

    private static void check(final String function, final int code) {
        if (code != 0) {
            throw LibraryException.ofNccl(function, code);
        }
    }

    private static int ncclType(final DType type) {
        return switch (type) {
            case F16 -> 6;
            case F32 -> 7;
            case BF16 -> 9;
            default -> throw new IllegalArgumentException("GPUs do not add " + type);
        };
    }

    /** One GPU's membership. */
    private final class Rank implements DeviceCollective {
        private final CudaContext context;
        private final long communicator;
        private final int rank;
        private final int ranks;

        Rank(final CudaContext context, final long communicator, final int rank, final int ranks) {
            this.context = context;
            this.communicator = communicator;
            this.rank = rank;
            this.ranks = ranks;
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int ranks() {
            return ranks;
        }

        @Override
        public void sum(final CudaStream stream, final long memory, final long count, final DType type) {
            check("ncclAllReduce", allReduce.call(memory, memory, count, ncclType(type), SUM, communicator, stream.handle()));
        }

        @Override
        public void gather(final CudaStream stream, final long part, final long all, final long count, final DType type) {
            check("ncclAllGather", allGather.call(part, all, count, ncclType(type), communicator, stream.handle()));
        }

        /** After a lost context the others must not be waited for: the membership is broken off. */
        @Override
        public void close() {
            context.closed();
            if (context.isLost()) {
                abort.call(communicator);
            } else {
                check("ncclCommDestroy", destroy.call(communicator));
            }
        }
    }
}
