package io.spillway.kvstore.pool;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * One piece of off-heap memory that costs nothing until it is written: {@code calloc} hands out untouched zero pages,
 * where {@link Arena#allocate} would write every byte. Access after {@link #close()} throws instead of reading freed
 * memory.
 */
final class Slab implements AutoCloseable {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CALLOC = LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow("calloc"),
        FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    /** @throws IllegalArgumentException when the machine refuses that much address space */
    Slab(final long bytes) {
        final MemorySegment raw = calloc(bytes);
        if (raw.address() == 0) {
            arena.close();
            throw new IllegalArgumentException("cannot reserve " + bytes + " bytes of memory for KV blocks");
        }
        memory = raw.reinterpret(bytes, arena, Slab::free);
    }

    MemorySegment memory() {
        return memory;
    }

    @Override
    public void close() {
        arena.close();
    }

    private static MemorySegment calloc(final long bytes) {
        try {
            return (MemorySegment) CALLOC.invokeExact(1L, bytes);
        } catch (final Throwable e) {
            throw new IllegalStateException("calloc could not be called", e);
        }
    }

    private static void free(final MemorySegment raw) {
        try {
            FREE.invokeExact(raw);
        } catch (final Throwable e) {
            throw new IllegalStateException("free could not be called", e);
        }
    }
}
