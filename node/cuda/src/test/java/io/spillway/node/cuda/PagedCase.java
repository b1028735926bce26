package io.spillway.node.cuda;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * One row each of several sequences, whose earlier positions are in a paged cache with blocks in any order. Places that no token has
 * taken hold NaNs.
 */
final class PagedCase implements AutoCloseable {
    static final int LAYER = 1;
    private static final byte GARBAGE = 0x7F;

    final KvLayout layout;
    final int[] positions;
    final int[][] tables;
    final Slab slab;
    final long slabBytes;
    final KvRows rows = new KvRows();

    PagedCase(final Random random, final KvLayout layout, final int[] positions) {
        this.layout = layout;
        this.positions = positions;
        final int blocks = Arrays.stream(positions).map(position -> layout.blocksFor(position + 1)).sum() + 2;
        slabBytes = blocks * layout.blockBytes();
        slab = Slab.allocate(slabBytes);
        memory().fill(GARBAGE);
        final List<Integer> free = new ArrayList<>();
        for (int b = 0; b < blocks; b++) {
            free.add(b);
        }
        Collections.shuffle(free, random);
        tables = new int[positions.length][];
        rows.begin(layout, slab.segment(), positions.length, positions.length);
        for (int s = 0; s < positions.length; s++) {
            tables[s] = free.subList(0, layout.blocksFor(positions[s] + 1)).stream().mapToInt(i -> i).toArray();
            free.subList(0, tables[s].length).clear();
            rows.blockTable(s, tables[s]);
            rows.addRow(s, positions[s]);
        }
    }

    /** Rows anywhere in the sequences, for the specification. @param rowSequences of every row */
    KvRows rows(final int[] rowPositions, final int[] rowSequences) {
        final KvRows some = new KvRows();
        some.begin(layout, slab.segment(), rowPositions.length, tables.length);
        for (int s = 0; s < tables.length; s++) {
            some.blockTable(s, tables[s]);
        }
        for (int r = 0; r < rowPositions.length; r++) {
            some.addRow(rowSequences[r], rowPositions[r]);
        }
        return some;
    }

    MemorySegment memory() {
        return slab.segment().asSlice(0, slabBytes);
    }

    /** Stores every position up to the rows' own. */
    void fill(final Random random, final ScalarOps scalar) {
        final KvRows all = new KvRows();
        final int count = Arrays.stream(positions).map(position -> position + 1).sum();
        all.begin(layout, slab.segment(), count, positions.length);
        for (int s = 0; s < positions.length; s++) {
            all.blockTable(s, tables[s]);
            for (int p = 0; p <= positions[s]; p++) {
                all.addRow(s, p);
            }
        }
        final int width = layout.kvHeads() * layout.headDim();
        final Tensor keys = Numbers.tensor(random, count, width, 1);
        final Tensor values = Numbers.tensor(random, count, width, 1);
        scalar.store(all, LAYER, keys, values);
    }

    /** @param device gets copies of everything but the slab */
    PagedKv on(final Twins.Device device, final MemorySegment deviceSlab) {
        return on(device, deviceSlab, positions, java.util.stream.IntStream.range(0, positions.length).toArray());
    }

    /** Rows anywhere in the sequences. @param rowSequences of every row */
    PagedKv on(final Twins.Device device, final MemorySegment deviceSlab, final int[] rowPositions, final int[] rowSequences) {
        final int stride = Arrays.stream(tables).mapToInt(table -> table.length).max().orElseThrow() + 1;
        final int[] flat = new int[tables.length * stride];
        Arrays.fill(flat, -1);
        for (int s = 0; s < tables.length; s++) {
            System.arraycopy(tables[s], 0, flat, s * stride, tables[s].length);
        }
        return new PagedKv(layout, deviceSlab.address(), device.address(rowPositions), device.address(rowSequences), device.address(flat), stride);
    }

    @Override
    public void close() {
        slab.close();
    }
}
