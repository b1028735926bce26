package io.spillway.node.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A value that a kernel takes, in the width that its source declares. */
public sealed interface KernelArgument {
    /** @return bytes of the value */
    int sizeBytes();

    /** @return a copy of the value in memory of {@code arena} */
    MemorySegment write(Arena arena);

    /** Address of device memory; 0 where the kernel allows none. */
    record Address(long address) implements KernelArgument {
        @Override
        public int sizeBytes() {
            return Long.BYTES;
        }

        @Override
        public MemorySegment write(final Arena arena) {
            return arena.allocateFrom(ValueLayout.JAVA_LONG, address);
        }
    }

    /** {@code long long}. */
    record Int64(long value) implements KernelArgument {
        @Override
        public int sizeBytes() {
            return Long.BYTES;
        }

        @Override
        public MemorySegment write(final Arena arena) {
            return arena.allocateFrom(ValueLayout.JAVA_LONG, value);
        }
    }

    /** {@code int}. */
    record Int32(int value) implements KernelArgument {
        @Override
        public int sizeBytes() {
            return Integer.BYTES;
        }

        @Override
        public MemorySegment write(final Arena arena) {
            return arena.allocateFrom(ValueLayout.JAVA_INT, value);
        }
    }

    /** {@code float}. */
    record Float32(float value) implements KernelArgument {
        @Override
        public int sizeBytes() {
            return Float.BYTES;
        }

        @Override
        public MemorySegment write(final Arena arena) {
            return arena.allocateFrom(ValueLayout.JAVA_FLOAT, value);
        }
    }
}
