package io.spillway.coordinator.prefix;

import io.spillway.domain.id.NodeId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Small numbers for sources. A slot is live (has an owner), retired (its holders are leftovers) or free. A retired slot
 * becomes free once a sweep that began after its retirement has passed the whole table.
 */
final class SlotTable {
    private final List<NodeId> owners = new ArrayList<>();
    private final ArrayDeque<Integer> free = new ArrayDeque<>();
    private final List<Integer> waiting = new ArrayList<>();
    private final List<Integer> inPass = new ArrayList<>();

    int take(final NodeId owner) {
        final Integer slot = free.poll();
        if (slot == null) {
            owners.add(owner);
            return owners.size() - 1;
        }
        owners.set(slot, owner);
        return slot;
    }

    void retire(final int slot) {
        owners.set(slot, null);
        (inPass.isEmpty() ? inPass : waiting).add(slot);
    }

    /** A full pass has ended: what it was for is free, what was retired meanwhile needs another. */
    void onSwept() {
        free.addAll(inPass);
        inPass.clear();
        inPass.addAll(waiting);
        waiting.clear();
    }

    boolean sweeping() {
        return !inPass.isEmpty();
    }

    boolean isDead(final int slot) {
        return owners.get(slot) == null;
    }

    /** @return who holds the slot; null when it is not live */
    NodeId owner(final int slot) {
        return owners.get(slot);
    }

    int count() {
        return owners.size();
    }
}
