package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/** Runs kernels on the shim, forwards and with blocks and threads in reverse: the bits must be the same. */
final class Twins {
    private Twins() {
    }

    /** What kernels run on, and memory for them. */
    record Device(Shim shim, DeviceMemory memory) {
        void run(final KernelCall call) {
            shim.launch(call.launch());
        }

        long address(final float[] values) {
            return memory.of(values).address();
        }

        long address(final int[] values) {
            return memory.of(values).address();
        }

        long address(final long[] values) {
            return memory.of(values).address();
        }

        long address(final MemorySegment values) {
            return memory.copy(values).address();
        }

        MemorySegment floats(final long count) {
            return memory.bytes(count * Float.BYTES);
        }
    }

    /** @param work launches kernels and returns the piece of memory that holds their result */
    static byte[] run(final Shim shim, final Function<Device, MemorySegment> work) {
        final byte[] forwards = once(shim, work);
        assertThat(once(shim.reversed(), work)).as("in reverse").isEqualTo(forwards);
        return forwards;
    }

    static float[] floats(final Shim shim, final Function<Device, MemorySegment> work) {
        return MemorySegment.ofArray(run(shim, work)).toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private static byte[] once(final Shim shim, final Function<Device, MemorySegment> work) {
        try (DeviceMemory memory = new DeviceMemory(shim)) {
            return DeviceMemory.bytes(work.apply(new Device(shim, memory)));
        }
    }
}
