package io.spillway.node.sampling;

/**
 * Divides lists of candidates by level: lower is better, equal ones go by their number. Quickselect with the median of
 * three; stateless.
 */
final class Selection {
    /** Fewer candidates than these are sorted rather than divided. */
    static final int SORTED_MAX = 24;

    private Selection() {
    }

    static boolean isBetter(final double[] levels, final int a, final int b) {
        return levels[a] < levels[b] || levels[a] == levels[b] && a < b;
    }

    /**
     * Moves the better members of {@code [from, to)} in front of the worse.
     *
     * @param members distinct; more than two of them
     * @return where the better end: inside, so that both parts have at least one
     */
    static int partition(final double[] levels, final int[] members, final int from, final int to) {
        final int pivot = middling(levels, members[from], members[(from + to) >>> 1], members[to - 1]);
        int low = from - 1;
        int high = to;
        while (true) {
            do {
                low++;
            } while (isBetter(levels, members[low], pivot));
            do {
                high--;
            } while (isBetter(levels, pivot, members[high]));
            if (low >= high) {
                return high + 1; // a member is worse than the pivot, which is the middling one of three
            }
            final int swapped = members[low];
            members[low] = members[high];
            members[high] = swapped;
        }
    }

    private static int middling(final double[] levels, final int a, final int b, final int c) {
        if (isBetter(levels, a, b)) {
            return isBetter(levels, b, c) ? b : isBetter(levels, a, c) ? c : a;
        }
        return isBetter(levels, a, c) ? a : isBetter(levels, b, c) ? c : b;
    }

    /** Sorts a few members, the best first. */
    static void sort(final double[] levels, final int[] members, final int from, final int to) {
        for (int i = from + 1; i < to; i++) {
            final int member = members[i];
            int slot = i;
            for (; slot > from && isBetter(levels, member, members[slot - 1]); slot--) {
                members[slot] = members[slot - 1];
            }
            members[slot] = member;
        }
    }
}
