package io.spillway.node.sampling;

import java.util.Arrays;

/**
 * Keeps the fewest of the best candidates that reach a mass of weights, without sorting them: buckets of level tell
 * roughly where the cut runs, only the bucket it runs through is divided further. Scratch memory; not thread-safe;
 * allocates nothing.
 */
final class MassCut {
    private static final int BUCKETS = 1024;
    /** 64 of level · scale, the largest that still has weight, in that many buckets. */
    private static final double BUCKETS_PER_LEVEL = 16;

    private final double[] masses = new double[BUCKETS];
    private final short[] buckets; // [vocabulary], of each candidate
    private final int[] members;   // [vocabulary], candidates of the bucket the cut runs through
    private int memberCount;

    MassCut(final int vocabularySize) {
        buckets = new short[vocabularySize];
        members = new int[vocabularySize];
    }

    /**
     * Keeps the best that weigh {@code mass} together, at least one; the others' weight becomes 0.
     *
     * @param levels  lower is better, equal ones go by their place
     * @param scale   of levels, for buckets only
     * @param weights 0 = no candidate
     * @param count   candidates
     */
    void keep(
        final double[] levels, final double scale, final double[] weights, final int count, final double mass) {
        final double perLevel = scale * BUCKETS_PER_LEVEL;
        Arrays.fill(masses, 0);
        for (int i = 0; i < count; i++) {
            buckets[i] = (short) Math.min(BUCKETS - 1, (int) (levels[i] * perLevel));
        }
        for (int i = 0; i < count; i++) {
            masses[buckets[i]] += weights[i];
        }
        double before = 0;
        int crossing = 0;
        while (crossing < BUCKETS && (masses[crossing] == 0 || before + masses[crossing] < mass)) {
            before += masses[crossing++];
        }
        if (crossing == BUCKETS) {
            return; // all of them together are not more
        }
        memberCount = 0;
        for (int i = 0; i < count; i++) {
            if (buckets[i] > crossing) {
                weights[i] = 0;
            } else if (buckets[i] == crossing && weights[i] > 0) {
                members[memberCount++] = i;
            }
        }
        for (int i = divide(levels, weights, mass, before); i < memberCount; i++) {
            weights[members[i]] = 0;
        }
    }

    /** @return how many members are kept; they stand in front then */
    private int divide(final double[] levels, final double[] weights, final double mass, final double before) {
        int from = 0;
        int to = memberCount;
        double sum = before;
        while (to - from > Selection.SORTED_MAX) {
            final int middle = Selection.partition(levels, members, from, to);
            double front = 0;
            for (int i = from; i < middle; i++) {
                front += weights[members[i]];
            }
            if (sum + front >= mass) {
                to = middle;
            } else {
                sum += front;
                from = middle;
            }
        }
        Selection.sort(levels, members, from, to);
        while (from < to) {
            sum += weights[members[from++]];
            if (sum >= mass) {
                break;
            }
        }
        return from;
    }
}
