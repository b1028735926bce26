package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The scales of one block of one head, as floats, of a quantised cache. One worker's. */
final class KvScales {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LANES = RegisterTiles.LANES;

    float[] keyScales = new float[0];     // [blockTokens]
    float[] keyMinima = new float[0];     // [blockTokens]
    float[] valueScales = new float[0];   // [blockTokens]
    float[] valueMinima = new float[0];   // [blockTokens]

    void reserve(final int blockTokens) {
        if (keyScales.length < blockTokens) {
            keyScales = new float[blockTokens];
            keyMinima = new float[blockTokens];
            valueScales = new float[blockTokens];
            valueMinima = new float[blockTokens];
        }
    }

    /** Reads those of the first {@code tokens}. */
    void read(final MemorySegment slab, final KvLayout layout, final long keys, final long values, final int tokens) {
        if (layout.element() == KvElement.I4) {
            halves(slab, keys + layout.scalesOffset(), keyScales, tokens);
            halves(slab, keys + layout.minimaOffset(), keyMinima, tokens);
            halves(slab, values + layout.scalesOffset(), valueScales, tokens);
            halves(slab, values + layout.minimaOffset(), valueMinima, tokens);
        } else {
            MemorySegment.copy(slab, FLOAT, keys + layout.scalesOffset(), keyScales, 0, tokens);
            MemorySegment.copy(slab, FLOAT, values + layout.scalesOffset(), valueScales, 0, tokens);
        }
    }

    /** In whole vectors: a block's tokens are a multiple of sixteen. */
    private static void halves(final MemorySegment slab, final long at, final float[] out, final int tokens) {
        for (int t = 0; t < tokens; t += LANES) {
            ExpandKernels.half(slab, at + t * 2L).intoArray(out, t);
        }
    }
}
