package io.spillway.node.compute;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * One large piece of zeroed off-heap memory whose pages become resident only when they are first written, so that a big
 * idle KV slab costs address space and nothing else.
 *
 * <p>Owner: whoever allocated it; nobody may touch the segment after {@link #close()}, which is not idempotent.
 */
public final class Slab implements AutoCloseable {
    /** Every slab starts on a cache line. */
    public static final int ALIGNMENT_BYTES = 64;
    /** Slabs of this size and more start on a large page and take large pages, as far as whole ones go and the system has them. */
    public static final long LARGE_PAGE_BYTES = 2L << 20;

    private static final Linker LINKER = Linker.nativeLinker();
    // calloc takes big pieces from the kernel, which hands out zero pages on first write; Arena.allocate would write them all.
    private static final MethodHandle CALLOC = LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("calloc"),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("free"),
            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    // Asks for large pages: kernels stream through weights and caches, and walking 4 KiB pages costs up to half of the bandwidth.
    private static final Optional<MethodHandle> MADVISE = System.getProperty("os.name").equals("Linux")
            ? LINKER.defaultLookup().find("madvise").map(address -> LINKER.downcallHandle(address, FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT))) : Optional.empty();
    private static final int MADV_HUGEPAGE = 14;

    private final MemorySegment block;
    private final MemorySegment segment;
    private boolean closed;

    private Slab(final MemorySegment block, final MemorySegment segment) {
        this.block = block;
        this.segment = segment;
    }

    /**
     * @param sizeBytes positive
     * @return owned by the caller
     * @throws OutOfMemoryError when the system refuses
     */
    public static Slab allocate(final long sizeBytes) {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("sizeBytes must be positive: " + sizeBytes);
        }
        try {
            final long alignment = sizeBytes >= LARGE_PAGE_BYTES ? LARGE_PAGE_BYTES : ALIGNMENT_BYTES;
            final MemorySegment block = (MemorySegment) CALLOC.invokeExact(1L, Math.addExact(sizeBytes, alignment));
            if (block.equals(MemorySegment.NULL)) {
                throw new OutOfMemoryError("cannot allocate " + sizeBytes + " bytes off-heap");
            }
            final long address = block.address() + (-block.address() & (alignment - 1));
            askForLargePages(address, sizeBytes);
            return new Slab(block, MemorySegment.ofAddress(address).reinterpret(sizeBytes));
        } catch (final RuntimeException | Error e) {
            throw e;
        } catch (final Throwable e) {
            throw new IllegalStateException("calloc could not be called", e);
        }
    }

    /** Asks for the whole large pages within that memory. A system that has none, or refuses, goes on with small ones. */
    private static void askForLargePages(final long address, final long sizeBytes) throws Throwable {
        final long bytes = sizeBytes / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
        if (bytes > 0 && MADVISE.isPresent()) {
            final int ignored = (int) MADVISE.get().invokeExact(address, bytes, MADV_HUGEPAGE);
        }
    }

    /** @return all of it; borrowed until {@link #close()} */
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        if (closed) {
            throw new IllegalStateException("slab closed twice");
        }
        closed = true;
        try {
            FREE.invokeExact(block);
        } catch (final RuntimeException | Error e) {
            throw e;
        } catch (final Throwable e) {
            throw new IllegalStateException("free could not be called", e);
        }
    }
}
