package io.spillway.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Names of keys: kebab-case of Java names, and the nearest known name to a wrong one. */
final class Keys {
    private Keys() {
    }

    /** @return {@code blockTokens} as {@code block-tokens}; a run of capitals is one word */
    static String kebab(final String javaName) {
        return javaName.replaceAll("([a-z0-9])([A-Z])", "$1-$2").replaceAll("([A-Z])([A-Z][a-z])", "$1-$2")
            .replace('_', '-').toLowerCase(Locale.ROOT);
    }

    /** @return the known name that a person who typed {@code wrong} most likely meant, if any is near */
    static Optional<String> nearest(final String wrong, final Collection<String> known) {
        final String typed = kebab(wrong);
        final int far = Math.max(2, typed.length() / 3);
        return known.stream()
            .filter(name -> distance(typed, name) <= far)
            .min(Comparator.comparingInt((String name) -> distance(typed, name)).thenComparing(Comparator.naturalOrder()));
    }

    /** @return edits (insert, delete, replace, swap of neighbours) between two names */
    private static int distance(final String a, final String b) {
        final int[][] edits = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                edits[i][j] = i == 0 ? j : j == 0 ? i : step(edits, a, b, i, j);
            }
        }
        return edits[a.length()][b.length()];
    }

    private static int step(final int[][] edits, final String a, final String b, final int i, final int j) {
        final int replace = edits[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        final int best = Math.min(replace, Math.min(edits[i - 1][j], edits[i][j - 1]) + 1);
        final boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(best, edits[i - 2][j - 2] + 1) : best;
    }
}
