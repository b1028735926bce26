package io.spillway.node.cuda;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;

/**
 * The paged cache and where the rows of a step lie in it, as kernels read it. All addresses are the device's.
 *
 * @param layout      of a block; any element but F32
 * @param slab        block b starts at {@code b · blockBytes}
 * @param positions   [rows] ints
 * @param sequences   [rows] ints: the row of {@code tables}
 * @param tables      [sequences][tableStride] ints
 * @param tableStride blocks of the longest sequence, at least
 */
public record PagedKv(KvLayout layout, long slab, long positions, long sequences, long tables, int tableStride) {
    /** Widest head that attention takes. */
    public static final int HEAD_DIM_MAX = 256;

    public PagedKv {
        requireNonNull(layout, "layout");
        if (layout.element() == KvElement.F32) {
            throw new IllegalArgumentException("GPU kernels read and write no cache of F32");
        }
    }

    /** @throws IllegalArgumentException where the kernel does not know the cache's element */
    void require(final KvElement element) {
        if (layout.element() != element) {
            throw new IllegalArgumentException("this GPU kernel takes a cache of " + element + ", not " + layout.element());
        }
    }

    /** @return bytes from a block's beginning to a layer */
    long layerOffset(final int layer) {
        return layer * layout.layerBytes();
    }
}
