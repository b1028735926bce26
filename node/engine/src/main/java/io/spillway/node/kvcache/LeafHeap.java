package io.spillway.node.kvcache;

/**
 * The evictable leaves, least recently used first: a binary heap of block numbers that knows where each one sits, so
 * that a leaf which is leased again leaves in O(log n). Ties go to the lower block number. No allocation after
 * construction. Single writer: the engine thread.
 */
final class LeafHeap {
    private static final int ABSENT = -1;

    private final long[] lastUsedNanos; // [blocks], shared with DeviceBlocks, which never changes the time of a member
    private final int[] heap;           // [blocks]
    private final int[] slotOf;         // [blocks], ABSENT when not a member
    private int size;

    LeafHeap(final long[] lastUsedNanos) {
        this.lastUsedNanos = lastUsedNanos;
        heap = new int[lastUsedNanos.length];
        slotOf = new int[lastUsedNanos.length];
        java.util.Arrays.fill(slotOf, ABSENT);
    }

    int size() {
        return size;
    }

    boolean contains(final int block) {
        return slotOf[block] != ABSENT;
    }

    void add(final int block) {
        if (contains(block)) {
            throw new IllegalStateException("block " + block + " is a leaf already");
        }
        place(block, size++);
        siftUp(size - 1);
    }

    void remove(final int block) {
        final int slot = slotOf[block];
        if (slot == ABSENT) {
            throw new IllegalStateException("block " + block + " is not a leaf");
        }
        slotOf[block] = ABSENT;
        size--;
        if (slot < size) {
            place(heap[size], slot);
            siftUp(slot);
            siftDown(slot);
        }
    }

    /** @return the least recently used leaf, which is no member any more; there must be one */
    int poll() {
        final int first = heap[0];
        remove(first);
        return first;
    }

    private void siftUp(final int start) {
        int slot = start;
        while (slot > 0) {
            final int parent = (slot - 1) >>> 1;
            if (!before(heap[slot], heap[parent])) {
                return;
            }
            swap(slot, parent);
            slot = parent;
        }
    }

    private void siftDown(final int start) {
        int slot = start;
        while (true) {
            int least = slot;
            for (int child = 2 * slot + 1; child <= 2 * slot + 2 && child < size; child++) {
                if (before(heap[child], heap[least])) {
                    least = child;
                }
            }
            if (least == slot) {
                return;
            }
            swap(slot, least);
            slot = least;
        }
    }

    private boolean before(final int a, final int b) {
        final long ageDifference = lastUsedNanos[a] - lastUsedNanos[b];
        return ageDifference != 0 ? ageDifference < 0 : a < b;
    }

    private void swap(final int slotA, final int slotB) {
        final int a = heap[slotA];
        place(heap[slotB], slotA);
        place(a, slotB);
    }

    private void place(final int block, final int slot) {
        heap[slot] = block;
        slotOf[block] = slot;
    }
}
