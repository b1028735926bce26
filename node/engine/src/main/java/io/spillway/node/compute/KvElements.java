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
        storeToken(kv, block + kv.keyOffset(layer, kvHead), true, token, keys.values(), from);
        storeToken(kv, block + kv.valueOffset(layer, kvHead), false, token, values.values(), from);
    }

    // Offsets travel as plain numbers from here on: this runs for every head of every row, and may not allocate.

    private static void storeToken(final KvRows kv, final long headAt, final boolean isKey, final int token, final float[] x, final int from) {
        final KvLayout layout = kv.layout();
        switch (layout.element()) {
            case F32, F16, BF16 -> storePlain(kv, first(layout, headAt, isKey, token), isKey, x, from);
            case F8, I8 -> {
                final float scale = storeScaled(kv, first(layout, headAt, isKey, token), isKey, x, from);
                kv.slab().set(PackedMatrix.FLOAT, headAt + layout.scalesOffset() + token * 4L, scale);
            }
            case I4 -> storeNibbles(kv, headAt, isKey, token, x, from);
        }
    }

    /** @return offset of the token's first number */
    private static long first(final KvLayout layout, final long headAt, final boolean isKey, final int token) {
        return headAt + (isKey ? 1L : layout.headDim()) * token * layout.element().bits() / Byte.SIZE;
    }

    private static void storePlain(final KvRows kv, final long first, final boolean isKey, final float[] x, final int from) {
        final MemorySegment slab = kv.slab();
        final int count = kv.layout().headDim();
        final long stride = isKey ? kv.layout().blockTokens() : 1;
        switch (kv.layout().element()) {
            case F32 -> {
                for (int d = 0; d < count; d++) {
                    slab.set(PackedMatrix.FLOAT, first + d * stride * 4, x[from + d]);
                }
            }
            case F16 -> {
                for (int d = 0; d < count; d++) {
                    slab.set(PackedMatrix.SHORT, first + d * stride * 2, Half.fromFloat(x[from + d]));
                }
            }
            default -> {
                for (int d = 0; d < count; d++) {
                    slab.set(PackedMatrix.SHORT, first + d * stride * 2, Half.bf16FromFloat(x[from + d]));
                }
            }
        }
    }

    /** @return the scale */
    private static float storeScaled(final KvRows kv, final long first, final boolean isKey, final float[] x, final int from) {
        final MemorySegment slab = kv.slab();
        final int count = kv.layout().headDim();
        final long stride = isKey ? kv.layout().blockTokens() : 1;
        final boolean floats = kv.layout().element() == KvElement.F8;
        final float greatest = KvRounding.greatest(x, from, count);
        final float limit = floats ? KvRounding.F8_LIMIT : KvRounding.I8_LIMIT;
        final float inverse = KvRounding.inverse(greatest, limit);
        for (int d = 0; d < count; d++) {
            final float scaled = x[from + d] * inverse;
            slab.set(ValueLayout.JAVA_BYTE, first + d * stride, floats ? Half.f8FromFloat(scaled) : KvRounding.roundI8(scaled));
        }
        return greatest / limit;
    }

    /** Byte i of a key takes dimensions 2i and 2i + 1, of a value i and i + headDim / 2. */
    private static void storeNibbles(final KvRows kv, final long headAt, final boolean isKey, final int token, final float[] x, final int from) {
        final MemorySegment slab = kv.slab();
        final KvLayout layout = kv.layout();
        final int half = layout.headDim() / 2;
        final long first = headAt + (isKey ? 1L : half) * token;
        final long stride = isKey ? layout.blockTokens() : 1;
        final short minimum = KvRounding.minimum(KvRounding.least(x, from, layout.headDim()));
        final short scale = KvRounding.scale(KvRounding.most(x, from, layout.headDim()), minimum);
        final float base = Half.toFloat(minimum);
        final float inverse = KvRounding.inverse(scale);
        for (int i = 0; i < half; i++) {
            final int low = KvRounding.roundI4(x[from + (isKey ? 2 * i : i)], base, inverse);
            final int high = KvRounding.roundI4(x[from + (isKey ? 2 * i + 1 : i + half)], base, inverse);
            slab.set(ValueLayout.JAVA_BYTE, first + i * stride, (byte) (high << NIBBLE_BITS | low));
        }
        slab.set(PackedMatrix.SHORT, headAt + layout.scalesOffset() + token * 2L, scale);
        slab.set(PackedMatrix.SHORT, headAt + layout.minimaOffset() + token * 2L, minimum);
    }
}
