package io.spillway.grammar.automaton;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Which characters JSON strings hold as they are, in UTF-8. */
public final class PlainText {
    /** First bytes of longer characters, the range of the second byte, and how many bytes follow the second. */
    private static final int[][] LEADS = {
        {0xc2, 0xdf, 0x80, 0xbf, 0}, {0xe0, 0xe0, 0xa0, 0xbf, 1}, {0xe1, 0xec, 0x80, 0xbf, 1}, {0xed, 0xed, 0x80, 0x9f, 1},
        {0xee, 0xef, 0x80, 0xbf, 1}, {0xf0, 0xf0, 0x90, 0xbf, 2}, {0xf1, 0xf3, 0x80, 0xbf, 2}, {0xf4, 0xf4, 0x80, 0x8f, 2}};

    private static final int MAX_SEEN = 128;

    private PlainText() {
    }

    /** @return whether a byte is a whole plain character */
    public static boolean isPlain(final int value) {
        return value >= 0x20 && value < 0x80 && value != '"' && value != '\\';
    }

    /**
     * @return how many bytes follow in the plain character that begins with these two; 0 when they are two bytes of none. A first
     *         byte that is a character of its own is not asked about here
     */
    public static int lengthOf(final int first, final int second) {
        for (final int[] lead : LEADS) {
            if (first >= lead[0] && first <= lead[1]) {
                return second >= lead[2] && second <= lead[3] ? lead[4] + 2 : 0;
            }
        }
        return 0;
    }

    /**
     * One byte for each class of an automaton's bytes, of those that plain characters are made of.
     *
     * @param ascii characters of one byte
     * @param first for each row of the table: first bytes, second bytes, further bytes
     */
    record Samples(int[] ascii, int[][][] leads) {
        static Samples of(final int[] classOf) {
            final int[][][] leads = new int[LEADS.length][][];
            for (int i = 0; i < LEADS.length; i++) {
                leads[i] = new int[][] {one(classOf, LEADS[i][0], LEADS[i][1]), one(classOf, LEADS[i][2], LEADS[i][3]), one(classOf, 0x80, 0xbf)};
            }
            return new Samples(one(classOf, 0x20, 0x7f), leads);
        }

        private static int[] one(final int[] classOf, final int from, final int to) {
            final BitSet seen = new BitSet();
            return IntStream.rangeClosed(from, to).filter(value -> value >= 0x80 || isPlain(value)).filter(value -> {
                final boolean fresh = !seen.get(classOf[value]);
                seen.set(classOf[value]);
                return fresh;
            }).toArray();
        }
    }

    /** @return the states after one plain character; null when there is a plain character that may not come */
    static DfaState[] after(final DfaState state, final Samples samples) {
        final List<DfaState> targets = new ArrayList<>();
        if (!step(List.of(state), samples.ascii(), targets)) {
            return null;
        }
        for (int i = 0; i < LEADS.length; i++) {
            List<DfaState> now = List.of(state);
            for (int place = 0; place < LEADS[i][4] + 2; place++) {
                final List<DfaState> next = place == LEADS[i][4] + 1 ? targets : new ArrayList<>();
                if (!step(now, samples.leads()[i][Math.min(place, 2)], next)) {
                    return null;
                }
                now = next;
            }
        }
        return targets.toArray(DfaState[]::new);
    }

    private static boolean step(final List<DfaState> from, final int[] bytes, final List<DfaState> to) {
        for (final DfaState state : from) {
            for (final int value : bytes) {
                final DfaState next = state.next(value);
                if (next == DfaState.DEAD) {
                    return false;
                }
                if (!to.contains(next)) {
                    to.add(next);
                }
            }
        }
        return true;
    }

    /**
     * How many plain characters may follow, whichever they are.
     *
     * @param most as far as is looked
     * @return up to {@code most}, or {@link DfaState#ANY_NUMBER}
     */
    static int run(final DfaState state, final int most) {
        final Set<DfaState> seen = new HashSet<>(Set.of(state));
        List<DfaState> now = List.of(state);
        for (int chars = 0; chars < most; chars++) {
            final List<DfaState> next = new ArrayList<>();
            for (final DfaState one : now) {
                final DfaState[] targets = one.plainTargets();
                if (targets == null) {
                    return chars;
                }
                for (final DfaState target : targets) {
                    if (seen.add(target)) {
                        next.add(target);
                    }
                }
            }
            if (next.isEmpty()) {
                return DfaState.ANY_NUMBER;
            }
            if (seen.size() > MAX_SEEN) {
                return chars + 1;
            }
            now = next;
        }
        return most;
    }
}
