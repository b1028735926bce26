package io.spillway.node.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Memory of one test's kernels; every piece ends at a page that may not be touched. One thread. */
final class DeviceMemory implements AutoCloseable {
    private final Shim shim;
    private final List<MemorySegment> pieces = new ArrayList<>();

    DeviceMemory(final Shim shim) {
        this.shim = shim;
    }

    MemorySegment bytes(final long bytes) {
        final MemorySegment piece = shim.allocate(bytes);
        pieces.add(piece);
        return piece;
    }

    MemorySegment of(final float[] values) {
        return bytes(values.length * 4L).copyFrom(MemorySegment.ofArray(values));
    }

    MemorySegment of(final int[] values) {
        return bytes(values.length * 4L).copyFrom(MemorySegment.ofArray(values));
    }

    MemorySegment of(final long[] values) {
        return bytes(values.length * 8L).copyFrom(MemorySegment.ofArray(values));
    }

    MemorySegment copy(final MemorySegment values) {
        return bytes(values.byteSize()).copyFrom(values);
    }

    static float[] floats(final MemorySegment piece) {
        return piece.toArray(JAVA_FLOAT);
    }

    static int[] ints(final MemorySegment piece) {
        return piece.toArray(JAVA_INT);
    }

    static long[] longs(final MemorySegment piece) {
        return piece.toArray(JAVA_LONG);
    }

    static byte[] bytes(final MemorySegment piece) {
        return piece.toArray(JAVA_BYTE);
    }

    @Override
    public void close() {
        pieces.forEach(shim::free);
    }
}
