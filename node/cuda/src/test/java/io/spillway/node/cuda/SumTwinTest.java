package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Sums over a group's parts against one addition after the other, bit for bit, at any place in memory. */
class SumTwinTest {
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 200)
    void sums(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 8) final int ranks, @ForAll @IntRange(min = 1, max = 5000) final int count,
            @ForAll @IntRange(min = 0, max = 2) final int kind, @ForAll final boolean isShifted) {
        final Random random = new Random(seed);
        final DType type = new DType[] {DType.F16, DType.BF16, DType.F32}[kind];
        final int shift = isShifted ? 1 : 0;
        final float[][] parts = new float[ranks][];
        final float[] expected = new float[count];
        for (int r = 0; r < ranks; r++) {
            parts[r] = rounded(type, seed % 3 == 0 ? Numbers.extremes(random, 1, count).values() : Numbers.tensor(random, 1, count, 2).values());
            for (int i = 0; i < count; i++) {
                expected[i] = r == 0 ? parts[0][i] : expected[i] + parts[r][i];
            }
        }
        final float[] actual = read(type, MemorySegment.ofArray(Twins.run(shim, device -> {
            final long[] addresses = new long[ranks];
            for (int r = 0; r < ranks; r++) {
                addresses[r] = write(device, type, parts[r], r == ranks - 1 ? shift : 0);
            }
            final MemorySegment out = device.memory().bytes((long) count * bytes(type));
            device.run(new GroupCall.SumParts(device.address(addresses), ranks, new Values(out.address(), type), count));
            return out;
        })), count);
        Numbers.assertSameBits(actual, rounded(type, expected));
    }

    private static int bytes(final DType type) {
        return type == DType.F32 ? Float.BYTES : Short.BYTES;
    }

    private static long write(final Twins.Device device, final DType type, final float[] values, final int shift) {
        final MemorySegment memory = device.memory().bytes((long) (values.length + shift) * bytes(type));
        for (int i = 0; i < values.length; i++) {
            if (type == DType.F32) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i + shift, values[i]);
            } else {
                memory.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i + shift, half(type, values[i]));
            }
        }
        return memory.address() + (long) shift * bytes(type);
    }

    private static float[] read(final DType type, final MemorySegment memory, final int count) {
        final float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = type == DType.F32 ? memory.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i)
                    : wide(type, memory.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
        }
        return values;
    }

    private static float[] rounded(final DType type, final float[] values) {
        final float[] all = values.clone();
        for (int i = 0; i < all.length && type != DType.F32; i++) {
            all[i] = wide(type, half(type, all[i]));
        }
        return all;
    }

    private static short half(final DType type, final float value) {
        return type == DType.BF16 ? Half.bf16FromFloat(value) : Float.floatToFloat16(value);
    }

    private static float wide(final DType type, final short bits) {
        return type == DType.BF16 ? Half.bf16ToFloat(bits) : Float.float16ToFloat(bits);
    }
}
