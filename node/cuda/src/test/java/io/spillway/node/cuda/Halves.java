package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Activations in the widths that the device keeps them in. */
final class Halves {
    private Halves() {
    }

    /** @return the numbers as they lie in memory */
    static MemorySegment of(final float[] x, final DType type) {
        if (type == DType.F32) {
            return MemorySegment.ofArray(x.clone());
        }
        final short[] halves = new short[x.length];
        for (int i = 0; i < x.length; i++) {
            halves[i] = type == DType.BF16 ? Half.bf16FromFloat(x[i]) : Half.fromFloat(x[i]);
        }
        return MemorySegment.ofArray(halves);
    }

    /** @return what is left of the numbers in that width */
    static float[] rounded(final float[] x, final DType type) {
        return floats(of(x, type).toArray(ValueLayout.JAVA_BYTE), type);
    }

    static float[] floats(final byte[] bytes, final DType type) {
        final MemorySegment memory = MemorySegment.ofArray(bytes);
        if (type == DType.F32) {
            return memory.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
        final short[] halves = memory.toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        final float[] x = new float[halves.length];
        for (int i = 0; i < x.length; i++) {
            // Not Half.toFloat: infinities that overflow made are infinities.
            x[i] = type == DType.BF16 ? Half.bf16ToFloat(halves[i]) : Float.float16ToFloat(halves[i]);
        }
        return x;
    }

    static long bytes(final long count, final DType type) {
        return count * (type == DType.F32 ? Float.BYTES : Short.BYTES);
    }
}
