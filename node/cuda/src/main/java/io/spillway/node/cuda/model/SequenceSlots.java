package io.spillway.node.cuda.model;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Which row of the device's block tables belongs to which sequence, and what stands there: a step tells the device only what has changed.
 * A sequence keeps its slot until another one needs it; the one that has not been stepped for longest gives way. Single writer: the engine
 * thread.
 */
final class SequenceSlots {
    private static final int UNKNOWN = -1;

    private final int stride;
    private final int[][] tables;  // [slots][≤ stride]: what the device has; grown on demand
    private final Object[] owners; // [slots]; null: free
    private final long[] usedAt;   // [slots]: step that used it last
    private final Map<Object, Integer> slotOf = new IdentityHashMap<>();
    private long step;

    /**
     * @param slots  at least the sequences of a step
     * @param stride entries of a table, at most
     */
    SequenceSlots(final int slots, final int stride) {
        this.stride = stride;
        tables = new int[slots][0];
        owners = new Object[slots];
        usedAt = new long[slots];
    }

    int count() {
        return owners.length;
    }

    /** Slots that are asked for from now on are used together. */
    void beginStep() {
        step++;
    }

    /** @return the slot of a sequence, for this step and until it is needed otherwise. @param owner known by identity */
    int slot(final Object owner) {
        final Integer found = slotOf.get(owner);
        final int slot = found != null ? found : assign(owner);
        usedAt[slot] = step;
        return slot;
    }

    /** The slot keeps what the device has of the one before: a table that agrees with it by chance needs no patch. */
    private int assign(final Object owner) {
        int oldest = 0;
        for (int slot = 0; slot < owners.length; slot++) {
            if (owners[slot] == null) {
                oldest = slot;
                break;
            }
            oldest = usedAt[slot] < usedAt[oldest] ? slot : oldest;
        }
        if (owners[oldest] != null && usedAt[oldest] == step) {
            throw new IllegalStateException("a step has more sequences than the " + owners.length + " it may have");
        }
        if (owners[oldest] != null) {
            slotOf.remove(owners[oldest]);
        }
        owners[oldest] = owner;
        slotOf.put(owner, oldest);
        return oldest;
    }

    /** Told of every entry that the device does not have. */
    interface Changes {
        /** @param index of the entry among all tables @param block what stands there now */
        void patch(int index, int block);
    }

    /** Compares the first {@code count} entries of a sequence's table with what its slot has, tells what differs, and notes it. */
    void update(final int slot, final int[] table, final int count, final Changes changes) {
        if (tables[slot].length < count) {
            final int before = tables[slot].length;
            tables[slot] = Arrays.copyOf(tables[slot], Math.min(stride, Math.max(count, 2 * before)));
            Arrays.fill(tables[slot], before, tables[slot].length, UNKNOWN);
        }
        final int[] mine = tables[slot];
        int from = 0;
        while (from < count) {
            final int same = Arrays.mismatch(mine, from, count, table, from, count);
            if (same < 0) {
                break;
            }
            from += same;
            mine[from] = table[from];
            changes.patch(slot * stride + from, table[from]);
            from++;
        }
    }
}
