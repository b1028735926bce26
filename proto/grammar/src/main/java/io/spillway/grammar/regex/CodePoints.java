package io.spillway.grammar.regex;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/** A set of Unicode characters, without surrogates. Immutable. */
public final class CodePoints {
    /** No character. */
    public static final CodePoints NONE = new CodePoints(new int[0]);
    /** Every character. */
    public static final CodePoints ALL = new CodePoints(new int[] {0, 0xd7ff, 0xe000, 0x10ffff});

    /** From and to, both included, ascending, not touching. */
    private final int[] ranges;

    private CodePoints(final int[] ranges) {
        this.ranges = ranges;
    }

    /** @return the characters {@code from} to {@code to}, both included */
    public static CodePoints range(final int from, final int to) {
        return new CodePoints(new int[] {from, to}).and(ALL);
    }

    /** @return the characters of a text */
    public static CodePoints of(final String chars) {
        return chars.codePoints().mapToObj(c -> new CodePoints(new int[] {c, c})).reduce(NONE, CodePoints::or);
    }

    /** @return the characters that a predicate holds for */
    public static CodePoints where(final IntPredicate predicate) {
        final List<Integer> bounds = new ArrayList<>();
        boolean inside = false;
        for (int c = 0; c <= Character.MAX_CODE_POINT + 1; c++) {
            final boolean is = c <= Character.MAX_CODE_POINT && (c < 0xd800 || c > 0xdfff) && predicate.test(c);
            if (is != inside) {
                bounds.add(is ? c : c - 1);
                inside = is;
            }
        }
        return new CodePoints(bounds.stream().mapToInt(Integer::intValue).toArray());
    }

    /** @return the characters in either */
    public CodePoints or(final CodePoints other) {
        final long[] all = new long[(ranges.length + other.ranges.length) / 2];
        int count = 0;
        for (final int[] some : new int[][] {ranges, other.ranges}) {
            for (int i = 0; i < some.length; i += 2) {
                all[count++] = (long) some[i] << 32 | some[i + 1];
            }
        }
        Arrays.sort(all);
        final int[] merged = new int[all.length * 2];
        int size = 0;
        for (final long range : all) {
            final int from = (int) (range >>> 32);
            final int to = (int) range;
            if (size > 0 && from <= merged[size - 1] + 1) {
                merged[size - 1] = Math.max(merged[size - 1], to);
            } else {
                merged[size++] = from;
                merged[size++] = to;
            }
        }
        return new CodePoints(Arrays.copyOf(merged, size));
    }

    /** @return the characters in neither this nor among surrogates */
    public CodePoints complement() {
        final int[] gaps = new int[ranges.length + 2];
        int size = 0;
        int next = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] > next) {
                gaps[size++] = next;
                gaps[size++] = ranges[i] - 1;
            }
            next = ranges[i + 1] + 1;
        }
        if (next <= Character.MAX_CODE_POINT) {
            gaps[size++] = next;
            gaps[size++] = Character.MAX_CODE_POINT;
        }
        final CodePoints outside = new CodePoints(Arrays.copyOf(gaps, size));
        return this == ALL ? NONE : outside.and(ALL);
    }

    /** @return the characters in both */
    public CodePoints and(final CodePoints other) {
        final List<Integer> both = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < ranges.length && j < other.ranges.length) {
            final int from = Math.max(ranges[i], other.ranges[j]);
            final int to = Math.min(ranges[i + 1], other.ranges[j + 1]);
            if (from <= to) {
                both.add(from);
                both.add(to);
            }
            if (ranges[i + 1] < other.ranges[j + 1]) {
                i += 2;
            } else {
                j += 2;
            }
        }
        return new CodePoints(both.stream().mapToInt(Integer::intValue).toArray());
    }

    /** @return the characters of this that are not in the other */
    public CodePoints minus(final CodePoints other) {
        return and(other.complement());
    }

    /** @return with the other case of every ASCII letter */
    public CodePoints anyCase() {
        CodePoints folded = this;
        for (int upper = 'A'; upper <= 'Z'; upper++) {
            final int lower = upper + 'a' - 'A';
            if (contains(upper) != contains(lower)) {
                folded = folded.or(range(upper, upper)).or(range(lower, lower));
            }
        }
        return folded;
    }

    /** @return whether a character is in it */
    public boolean contains(final int codePoint) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (codePoint >= ranges[i] && codePoint <= ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }

    /** @return whether no character is in it */
    public boolean isEmpty() {
        return ranges.length == 0;
    }

    /** @return how many ranges there are */
    int ranges() {
        return ranges.length / 2;
    }

    int from(final int range) {
        return ranges[range * 2];
    }

    int to(final int range) {
        return ranges[range * 2 + 1];
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof CodePoints that && Arrays.equals(ranges, that.ranges);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ranges);
    }
}
