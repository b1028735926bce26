package io.spillway.node.compute;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Reads and writes single numbers of the KV cache in its element format: the specification of what is stored. A quantised
 * number stands for {@code number · scale + minimum}. {@code headAt} is the offset in the slab of the keys or values of one
 * head. Stateless.
 */
public final class KvElements {
    private static final int NIBBLE = 0xF;
    private static final int NIBBLE_BITS = 4;

    private KvElements() {
    }

    /** @return the stored number of a key, before scale and minimum */
    public static float keyNumber(final MemorySegment slab, final KvLayout layout, final long headAt, final int dim, final int token) {
        if (layout.element() == KvElement.I4) {
            return nibble(slab, headAt + (long) (dim / 2) * layout.blockTokens() + token, dim % 2);
        }
        return number(slab, layout.element(), headAt, (long) dim * layout.blockTokens() + token);
    }

    /** @return the stored number of a value, before scale and minimum */
    public static float valueNumber(final MemorySegment slab, final KvLayout layout, final long headAt, final int token, final int dim) {
        if (layout.element() == KvElement.I4) {
            final int half = layout.headDim() / 2;
            return nibble(slab, headAt + (long) token * half + dim % half, dim / half);
        }
        return number(slab, layout.element(), headAt, (long) token * layout.headDim() + dim);
    }

    /** @return what the numbers of a token are multiplied by; 1 when they stand for themselves */
    public static float scale(final MemorySegment slab, final KvLayout layout, final long headAt, final int token) {
        final long at = headAt + layout.scalesOffset();
        return switch (layout.element()) {
            case F32, F16, BF16 -> 1f;
            case F8, I8 -> slab.get(PackedMatrix.FLOAT, at + token * 4L);
            case I4 -> Half.toFloat(slab.get(PackedMatrix.SHORT, at + token * 2L));
        };
    }

    /** @return what is added to the scaled numbers of a token; 0 for all but I4 */
    public static float minimum(final MemorySegment slab, final KvLayout layout, final long headAt, final int token) {
        return layout.element() == KvElement.I4
                ? Half.toFloat(slab.get(PackedMatrix.SHORT, headAt + layout.minimaOffset() + token * 2L)) : 0f;
    }

    private static float number(final MemorySegment slab, final KvElement element, final long at, final long index) {
        return switch (element) {
            case F32 -> slab.get(PackedMatrix.FLOAT, at + index * 4);
            case F16 -> Half.toFloat(slab.get(PackedMatrix.SHORT, at + index * 2));
            case BF16 -> Half.bf16ToFloat(slab.get(PackedMatrix.SHORT, at + index * 2));
            case F8 -> Half.f8ToFloat(slab.get(ValueLayout.JAVA_BYTE, at + index));
            case I8 -> slab.get(ValueLayout.JAVA_BYTE, at + index);
            case I4 -> throw new IllegalStateException("nibbles have no index");
        };
    }

    private static float nibble(final MemorySegment slab, final long at, final int high) {
        return slab.get(ValueLayout.JAVA_BYTE, at) >> (NIBBLE_BITS * high) & NIBBLE;
    }

    /** Writes one row's key and value of one head: a column of the key block, a row of the value block, and their scales. */
    public static void storeHead(final KvRows kv, final int layer, final int row, final int kvHead, final Tensor keys,
            final Tensor values) {
        final KvLayout layout = kv.layout();
        final int position = kv.position(row);
        final long block = kv.blockOffset(row, position / layout.blockTokens());
        final int token = position % layout.blockTokens();
        final int from = row * keys.width() + kvHead * layout.headDim();
        storeKey(kv.slab(), layout, block + layout.keyOffset(layer, kvHead), token, keys.values(), from);
        storeValue(kv.slab(), layout, block + layout.valueOffset(layer, kvHead), token, values.values(), from);
    }

    private static void storeKey(final MemorySegment slab, final KvLayout layout, final long at, final int token, final float[] x,
            final int from) {
        final long stride = layout.blockTokens();
        if (layout.element() == KvElement.I4) {
            storeNibbles(slab, new Place(layout, at, at + token, stride, token), x, from, 2, 1);
        } else {
            store(slab, new Place(layout, at, at + token * (long) layout.element().bits() / Byte.SIZE, stride, token), x, from);
        }
    }

    private static void storeValue(final MemorySegment slab, final KvLayout layout, final long at, final int token, final float[] x,
            final int from) {
        final int dims = layout.headDim();
        if (layout.element() == KvElement.I4) {
            storeNibbles(slab, new Place(layout, at, at + token * (dims / 2L), 1, token), x, from, 1, dims / 2);
        } else {
            store(slab, new Place(layout, at, at + (long) token * dims * layout.element().bits() / Byte.SIZE, 1, token), x, from);
        }
    }

    /** Where a token's numbers go: the first at {@code first}, then every {@code stride} elements. */
    private record Place(KvLayout layout, long headAt, long first, long stride, int token) { }

    private static void store(final MemorySegment slab, final Place to, final float[] x, final int from) {
        final int count = to.layout.headDim();
        switch (to.layout.element()) {
            case F32 -> {
                for (int d = 0; d < count; d++) {
                    slab.set(PackedMatrix.FLOAT, to.first + d * to.stride * 4, x[from + d]);
                }
            }
            case F16 -> {
                for (int d = 0; d < count; d++) {
                    slab.set(PackedMatrix.SHORT, to.first + d * to.stride * 2, Half.fromFloat(x[from + d]));
                }
            }
            case BF16 -> {
                for (int d = 0; d < count; d++) {
                    slab.set(PackedMatrix.SHORT, to.first + d * to.stride * 2, Half.bf16FromFloat(x[from + d]));
                }
            }
            default -> storeScaled(slab, to, x, from);
        }
    }

    private static void storeScaled(final MemorySegment slab, final Place to, final float[] x, final int from) {
        final int count = to.layout.headDim();
        final boolean floats = to.layout.element() == KvElement.F8;
        final float greatest = KvRounding.greatest(x, from, count);
        final float limit = floats ? KvRounding.F8_LIMIT : KvRounding.I8_LIMIT;
        final float inverse = KvRounding.inverse(greatest, limit);
        for (int d = 0; d < count; d++) {
            final float scaled = x[from + d] * inverse;
            slab.set(ValueLayout.JAVA_BYTE, to.first + d * to.stride, floats ? Half.f8FromFloat(scaled) : KvRounding.roundI8(scaled));
        }
        slab.set(PackedMatrix.FLOAT, to.headAt + to.layout.scalesOffset() + to.token * 4L, greatest / limit);
    }

    /** Byte i takes dimension {@code i · step} and the one {@code apart} further. */
    private static void storeNibbles(final MemorySegment slab, final Place to, final float[] x, final int from, final int step,
            final int apart) {
        final int count = to.layout.headDim();
        final short minimum = KvRounding.minimum(KvRounding.least(x, from, count));
        final short scale = KvRounding.scale(KvRounding.most(x, from, count), minimum);
        final float base = Half.toFloat(minimum);
        final float inverse = KvRounding.inverse(scale);
        for (int i = 0; i < count / 2; i++) {
            final int low = KvRounding.roundI4(x[from + i * step], base, inverse);
            final int high = KvRounding.roundI4(x[from + i * step + apart], base, inverse);
            slab.set(ValueLayout.JAVA_BYTE, to.first + i * to.stride, (byte) (high << NIBBLE_BITS | low));
        }
        slab.set(PackedMatrix.SHORT, to.headAt + to.layout.scalesOffset() + to.token * 2L, scale);
        slab.set(PackedMatrix.SHORT, to.headAt + to.layout.minimaOffset() + to.token * 2L, minimum);
    }
}
