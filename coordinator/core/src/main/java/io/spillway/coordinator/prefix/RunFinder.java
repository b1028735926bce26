package io.spillway.coordinator.prefix;

import io.spillway.domain.id.NodeId;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Walks a chain once and finds every node's leading runs. Work per block is its holders, plus, only at a block that no lower
 * tier holds, the nodes that have got everything so far. Scratch space is kept between queries. Used by
 * {@link PrefixIndex} alone.
 */
final class RunFinder {
    private static final int ALIVE = -1;

    private int[] touched = new int[16];
    private int touchedCount;
    private boolean[] seen = new boolean[16];
    private int[] device = new int[16];
    private int[] own = new int[16];
    /** Reach of a touched slot; {@link #ALIVE} while it has not met a block it cannot get. */
    private int[] reach = new int[16];
    private int[] heldAt = new int[16];
    /** Reach of every slot never touched. */
    private int commonReach;
    /** Touched slots that are alive, in no order. */
    private int[] alive = new int[16];
    private int aliveCount;

    void begin(final int slots) {
        for (int i = 0; i < touchedCount; i++) {
            seen[touched[i]] = false;
        }
        touchedCount = 0;
        commonReach = ALIVE;
        aliveCount = 0;
        if (slots > seen.length) {
            final int length = Math.max(slots, seen.length * 2);
            touched = Arrays.copyOf(touched, length);
            alive = Arrays.copyOf(alive, length);
            seen = Arrays.copyOf(seen, length);
            device = Arrays.copyOf(device, length);
            own = Arrays.copyOf(own, length);
            reach = Arrays.copyOf(reach, length);
            heldAt = Arrays.copyOf(heldAt, length);
        }
    }

    /** @return whether no further block can lengthen any run */
    boolean done() {
        return commonReach != ALIVE && aliveCount == 0;
    }

    void held(final int slot, final int block, final boolean onDevice) {
        if (!seen[slot]) {
            seen[slot] = true;
            touched[touchedCount++] = slot;
            device[slot] = 0;
            own[slot] = 0;
            reach[slot] = commonReach;
            if (commonReach == ALIVE) {
                alive[aliveCount++] = slot;
            }
        }
        heldAt[slot] = block;
        if (own[slot] == block) {
            own[slot] = block + 1;
        }
        if (onDevice && device[slot] == block) {
            device[slot] = block + 1;
        }
    }

    /** @param lower whether some member holds the block where others can fetch it */
    void endBlock(final int block, final boolean lower) {
        if (lower) {
            return;
        }
        if (commonReach == ALIVE) {
            commonReach = block;
        }
        int kept = 0;
        for (int i = 0; i < aliveCount; i++) {
            final int slot = alive[i];
            if (heldAt[slot] == block) {
                alive[kept++] = slot;
            } else {
                reach[slot] = block;
            }
        }
        aliveCount = kept;
    }

    PrefixMatches matches(final int chainBlocks, final SlotTable slots) {
        final Map<NodeId, PrefixRuns> byNode = new HashMap<>();
        for (int i = 0; i < touchedCount; i++) {
            final int slot = touched[i];
            final int end = reach[slot] == ALIVE ? chainBlocks : reach[slot];
            byNode.put(slots.owner(slot), new PrefixRuns(device[slot], own[slot], end));
        }
        final int common = commonReach == ALIVE ? chainBlocks : commonReach;
        return new PrefixMatches(chainBlocks, byNode, new PrefixRuns(0, 0, common));
    }
}
