package io.spillway.node.compute;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;

/** Reads and writes single numbers of the KV cache in its element format. Stateless. */
public final class KvElements {
    private KvElements() {
    }

    /** @return element {@code index} of the array that starts at byte {@code at} */
    public static float get(final MemorySegment slab, final KvElement element, final long at, final long index) {
        return switch (element) {
            case F32 -> slab.get(PackedMatrix.FLOAT, at + index * Float.BYTES);
            case F16 -> Half.toFloat(slab.get(PackedMatrix.SHORT, at + index * Short.BYTES));
            case BF16 -> Half.bf16ToFloat(slab.get(PackedMatrix.SHORT, at + index * Short.BYTES));
        };
    }

    private static void set(final MemorySegment slab, final KvElement element, final long at, final long index, final float value) {
        switch (element) {
            case F32 -> slab.set(PackedMatrix.FLOAT, at + index * Float.BYTES, value);
            case F16 -> slab.set(PackedMatrix.SHORT, at + index * Short.BYTES, Half.fromFloat(value));
            case BF16 -> slab.set(PackedMatrix.SHORT, at + index * Short.BYTES, Half.bf16FromFloat(value));
        }
    }

    /** Writes one row's key and value of one head: a column of the key block, a row of the value block. */
    public static void storeHead(final KvRows kv, final int layer, final int row, final int kvHead, final Tensor keys,
            final Tensor values) {
        final KvLayout layout = kv.layout();
        final int position = kv.position(row);
        final long block = kv.blockOffset(row, position / layout.blockTokens());
        final int token = position % layout.blockTokens();
        final int from = row * keys.width() + kvHead * layout.headDim();
        final long keyAt = block + layout.keyOffset(layer, kvHead);
        final long valueAt = block + layout.valueOffset(layer, kvHead);
        for (int d = 0; d < layout.headDim(); d++) {
            set(kv.slab(), layout.element(), keyAt, (long) d * layout.blockTokens() + token, keys.values()[from + d]);
            set(kv.slab(), layout.element(), valueAt, (long) token * layout.headDim() + d, values.values()[from + d]);
        }
    }
}
