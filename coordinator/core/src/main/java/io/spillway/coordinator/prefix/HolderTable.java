package io.spillway.coordinator.prefix;

import io.spillway.domain.kv.BlockHash;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Block hash to its holders: open addressing, linear probing, deletion by shifting back, no object per block.
 *
 * <p>A holder is {@code slot << 4 | tiers}: a member's slot and the tiers it holds the block in, one bit each. One holder
 * stands in the entry itself; two and more stand in a side list. An entry is 20 bytes; at the load the table keeps (3/8 to
 * 3/4) that is 27 to 54 bytes per block, 270 to 540 MB for ten million. Growing copies the whole table in one go.
 *
 * <p>A retired slot's holders are removed little by little by {@link #sweep}; until then the reader skips them.
 */
final class HolderTable {
    static final int TIER_BITS = 4;
    static final int TIER_MASK = (1 << TIER_BITS) - 1;
    private static final int INITIAL_ENTRIES = 1 << 10;
    private static final int[] NOBODY = {};

    private long[] highs = new long[INITIAL_ENTRIES];
    private long[] lows = new long[INITIAL_ENTRIES];
    /** 0 = free entry; positive = the one holder; negative = ~index into {@link #lists}. */
    private int[] holders = new int[INITIAL_ENTRIES];
    private int[][] lists = new int[16][];
    private int listsUsed;
    private int[] freeLists = new int[16];
    private int freeListsCount;
    private int size;
    private int sweepAt;

    int size() {
        return size;
    }

    /** @return the holders of a block, to be read at once and not written; empty for an unknown block */
    int[] holdersOf(final BlockHash hash) {
        final int value = holders[find(hash.high(), hash.low())];
        if (value == 0) {
            return NOBODY;
        }
        return value > 0 ? new int[] {value} : lists[~value];
    }

    /** Adds tiers to what a slot holds of a block. {@code isDead} lets growth leave retired slots behind. */
    void add(final BlockHash hash, final int slot, final int tiers, final IntPredicate isDead) {
        if (4L * (size + 1) > 3L * holders.length) {
            grow(isDead);
        }
        final int at = find(hash.high(), hash.low());
        final int value = holders[at];
        if (value == 0) {
            highs[at] = hash.high();
            lows[at] = hash.low();
            holders[at] = slot << TIER_BITS | tiers;
            size++;
        } else if (value > 0) {
            if (value >> TIER_BITS == slot) {
                holders[at] = value | tiers;
            } else {
                holders[at] = ~newList(new int[] {value, slot << TIER_BITS | tiers});
            }
        } else {
            lists[~value] = with(lists[~value], slot, tiers);
        }
    }

    /** Takes tiers away from what a slot holds of a block. @return whether anything was there to take */
    boolean remove(final BlockHash hash, final int slot, final int tiers) {
        final int at = find(hash.high(), hash.low());
        final int value = holders[at];
        if (value == 0) {
            return false;
        }
        final int[] before = value > 0 ? new int[] {value} : lists[~value];
        final int[] after = without(before, slot, tiers);
        if (after == before) {
            return false;
        }
        store(at, after);
        return true;
    }

    /**
     * Looks at the next entries and drops dead slots from them.
     *
     * @return whether the pass reached the end of the table; the next call begins a new one
     */
    boolean sweep(final int entriesMax, final IntPredicate isDead) {
        for (int looked = 0; looked < entriesMax && sweepAt < holders.length; looked++) {
            final int value = holders[sweepAt];
            final int[] before = value == 0 ? NOBODY : value > 0 ? new int[] {value} : lists[~value];
            final int[] after = living(before, isDead);
            final int at = sweepAt;
            if (after == before) {
                sweepAt++;
            } else {
                // An emptied entry is refilled from behind: look at it again.
                store(at, after);
                sweepAt = after.length == 0 ? at : at + 1;
            }
        }
        if (sweepAt < holders.length) {
            return false;
        }
        sweepAt = 0;
        return true;
    }

    private void store(final int at, final int[] after) {
        final int value = holders[at];
        if (after.length >= 2) {
            lists[~value] = after;
            return;
        }
        if (value < 0) {
            freeList(~value);
        }
        if (after.length == 1) {
            holders[at] = after[0];
        } else {
            removeEntry(at);
        }
    }

    private void removeEntry(final int removed) {
        final int mask = holders.length - 1;
        int hole = removed;
        int next = removed;
        size--;
        while (true) {
            next = (next + 1) & mask;
            if (holders[next] == 0) {
                break;
            }
            final int home = home(lows[next]);
            if (((next - home) & mask) >= ((next - hole) & mask)) {
                highs[hole] = highs[next];
                lows[hole] = lows[next];
                holders[hole] = holders[next];
                // An entry that moves behind the running sweep would escape it.
                if (hole < sweepAt && next >= sweepAt) {
                    sweepAt = hole;
                }
                hole = next;
            }
        }
        holders[hole] = 0;
    }

    private void grow(final IntPredicate isDead) {
        final long[] oldHighs = highs;
        final long[] oldLows = lows;
        final int[] oldHolders = holders;
        highs = new long[oldHolders.length * 2];
        lows = new long[oldHolders.length * 2];
        holders = new int[oldHolders.length * 2];
        size = 0;
        sweepAt = 0;
        for (int i = 0; i < oldHolders.length; i++) {
            final int value = oldHolders[i];
            if (value == 0 || value > 0 && isDead.test(value >> TIER_BITS)) {
                continue;
            }
            final int at = find(oldHighs[i], oldLows[i]);
            highs[at] = oldHighs[i];
            lows[at] = oldLows[i];
            holders[at] = value;
            size++;
        }
    }

    /** @return the entry of a key, or the free one where it would go */
    private int find(final long high, final long low) {
        final int mask = holders.length - 1;
        int at = home(low);
        while (holders[at] != 0 && (highs[at] != high || lows[at] != low)) {
            at = (at + 1) & mask;
        }
        return at;
    }

    /** A block hash is uniform already: its bits serve as they are. */
    private int home(final long low) {
        return (int) low & (holders.length - 1);
    }

    private int newList(final int[] list) {
        final int index;
        if (freeListsCount > 0) {
            index = freeLists[--freeListsCount];
        } else {
            if (listsUsed == lists.length) {
                lists = Arrays.copyOf(lists, listsUsed * 2);
            }
            index = listsUsed++;
        }
        lists[index] = list;
        return index;
    }

    private void freeList(final int index) {
        lists[index] = null;
        if (freeListsCount == freeLists.length) {
            freeLists = Arrays.copyOf(freeLists, freeListsCount * 2);
        }
        freeLists[freeListsCount++] = index;
    }

    private static int[] with(final int[] list, final int slot, final int tiers) {
        for (int i = 0; i < list.length; i++) {
            if (list[i] >> TIER_BITS == slot) {
                list[i] |= tiers;
                return list;
            }
        }
        final int[] longer = Arrays.copyOf(list, list.length + 1);
        longer[list.length] = slot << TIER_BITS | tiers;
        return longer;
    }

    private static int[] without(final int[] list, final int slot, final int tiers) {
        for (int i = 0; i < list.length; i++) {
            if (list[i] >> TIER_BITS != slot || (list[i] & tiers) == 0) {
                continue;
            }
            final int[] after = list.clone();
            after[i] &= ~tiers;
            if ((after[i] & TIER_MASK) != 0) {
                return after;
            }
            after[i] = after[after.length - 1];
            return Arrays.copyOf(after, after.length - 1);
        }
        return list;
    }

    private static int[] living(final int[] list, final IntPredicate isDead) {
        int living = 0;
        for (final int holder : list) {
            living += isDead.test(holder >> TIER_BITS) ? 0 : 1;
        }
        return living == list.length
            ? list : Arrays.stream(list).filter(holder -> !isDead.test(holder >> TIER_BITS)).toArray();
    }
}
