package io.spillway.node.sampling;

import java.util.Arrays;

/**
 * Keeps the fewest of the best candidates that reach a share of all their mass, without sorting them: buckets of level tell
 * roughly where the cut runs, only the bucket it runs through is divided further. Masses are weights as whole multiples of
 * 2⁻⁴³, so that their sums are exact in any order, and those of a million tokens fit: a candidate is kept if those better
 * than it weigh less than the share, however that is computed. Scratch memory; not thread-safe; allocates nothing.
 */
final class MassCut {
    private static final int BUCKETS = 1024;
    /** 64 of level · scale, the largest that still has weight, in that many buckets. */
    private static final double BUCKETS_PER_LEVEL = 16;
    /** Doubles from here on are multiples of 2⁻⁴³: adding it rounds a weight to one, and the bits count them. */
    private static final double ROUND = 0x1p9;
    private static final long ROUND_BITS = Double.doubleToRawLongBits(ROUND);

    private final long[] masses = new long[BUCKETS];
    private final short[] buckets; // [vocabulary], of each candidate
    private final int[] members;   // [vocabulary], candidates of the bucket the cut runs through
    private int memberCount;

    MassCut(final int vocabularySize) {
        buckets = new short[vocabularySize];
        members = new int[vocabularySize];
    }

    /**
     * Keeps the best that reach {@code share} of the mass together, at least one; the others' weight becomes 0.
     *
     * @param levels  lower is better, equal ones go by their place
     * @param scale   of levels, for buckets only
     * @param weights 0 = no candidate; at most 1
     * @param count   candidates
     */
    void keep(
        final double[] levels, final double scale, final double[] weights, final int count, final float share) {
        final double perLevel = scale * BUCKETS_PER_LEVEL;
        Arrays.fill(masses, 0);
        for (int i = 0; i < count; i++) {
            buckets[i] = (short) Math.min(BUCKETS - 1, (int) (levels[i] * perLevel));
        }
        for (int i = 0; i < count; i++) {
            masses[buckets[i]] += mass(weights[i]);
        }
        final long target = target(share);
        long before = 0;
        int crossing = 0;
        while (crossing < BUCKETS && before + masses[crossing] < target) {
            before += masses[crossing++];
        }
        if (crossing == BUCKETS) {
            return; // all of them together weigh nothing
        }
        memberCount = 0;
        for (int i = 0; i < count; i++) {
            if (buckets[i] > crossing) {
                weights[i] = 0;
            } else if (buckets[i] == crossing && weights[i] > 0) {
                members[memberCount++] = i;
            }
        }
        for (int i = divide(levels, weights, target, before); i < memberCount; i++) {
            weights[members[i]] = 0;
        }
    }

    private static long mass(final double weight) {
        return Double.doubleToRawLongBits(weight + ROUND) - ROUND_BITS;
    }

    private long target(final float share) {
        long total = 0;
        for (final long mass : masses) {
            total += mass;
        }
        return Math.max(1, (long) Math.ceil((double) share * (double) total));
    }

    /** @return how many members are kept; they stand in front then */
    private int divide(final double[] levels, final double[] weights, final long target, final long before) {
        int from = 0;
        int to = memberCount;
        long sum = before;
        while (to - from > Selection.SORTED_MAX) {
            final int middle = Selection.partition(levels, members, from, to);
            long front = 0;
            for (int i = from; i < middle; i++) {
                front += mass(weights[members[i]]);
            }
            if (sum + front >= target) {
                to = middle;
            } else {
                sum += front;
                from = middle;
            }
        }
        Selection.sort(levels, members, from, to);
        while (from < to) {
            sum += mass(weights[members[from++]]);
            if (sum >= target) {
                break;
            }
        }
        return from;
    }
}
