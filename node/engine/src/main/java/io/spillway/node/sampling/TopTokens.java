package io.spillway.node.sampling;

import java.util.Arrays;

/**
 * The k best of a vocabulary, without sorting it: candidates gather in a buffer of 2 k, and whenever it is full, the worse
 * half goes, and with it every later token that is no better than the worst kept. Linear in the vocabulary. Scratch
 * memory; not thread-safe.
 */
final class TopTokens {
    private final int[] members; // [vocabulary]
    private int size;

    TopTokens(final int vocabularySize) {
        members = new int[vocabularySize];
    }

    /**
     * Finds the {@code count} tokens of the lowest levels, of equal ones those of the lowest ids.
     *
     * @param levels one per token
     * @param count  1 to the number of tokens
     */
    void find(final double[] levels, final int count) {
        final int room = (int) Math.min(members.length, Math.max(2L * count, 2L * Selection.SORTED_MAX));
        double worst = Double.POSITIVE_INFINITY;
        size = 0;
        for (int token = 0; token < levels.length; token++) {
            // While the buffer has never been full, everything goes in: levels of forbidden tokens are infinite.
            if (levels[token] < worst || size < count) {
                if (size == room) {
                    keep(levels, count);
                    worst = worst(levels);
                    if (!(levels[token] < worst)) {
                        continue;
                    }
                }
                members[size++] = token;
            }
        }
        if (size > count) {
            keep(levels, count);
        }
        Arrays.sort(members, 0, size);
    }

    /** @return the tokens found, ascending: number {@code index} of them */
    int token(final int index) {
        return members[index];
    }

    private double worst(final double[] levels) {
        double worst = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            worst = Math.max(worst, levels[members[i]]);
        }
        return worst;
    }

    private void keep(final double[] levels, final int count) {
        int from = 0;
        int to = size;
        while (to - from > Selection.SORTED_MAX) {
            final int middle = Selection.partition(levels, members, from, to);
            if (middle >= count) {
                to = middle;
            } else {
                from = middle;
            }
        }
        Selection.sort(levels, members, from, to);
        size = count;
    }
}
