package io.spillway.grammar.automaton;

/** Which characters JSON strings hold as they are, in UTF-8. */
public final class PlainText {
    /** First bytes of longer characters, the range of the second byte, and how many bytes follow the second. */
    private static final int[][] LEADS = {
        {0xc2, 0xdf, 0x80, 0xbf, 0}, {0xe0, 0xe0, 0xa0, 0xbf, 1}, {0xe1, 0xec, 0x80, 0xbf, 1}, {0xed, 0xed, 0x80, 0x9f, 1},
        {0xee, 0xef, 0x80, 0xbf, 1}, {0xf0, 0xf0, 0x90, 0xbf, 2}, {0xf1, 0xf3, 0x80, 0xbf, 2}, {0xf4, 0xf4, 0x80, 0x8f, 2}};

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

    /** @return the state after any one plain character, where all lead to the same; {@link DfaState#DEAD} otherwise */
    static DfaState after(final DfaState state) {
        if (state == DfaState.DEAD) {
            return DfaState.DEAD;
        }
        final DfaState target = state.next('a');
        if (target == DfaState.DEAD) {
            return DfaState.DEAD;
        }
        for (int value = 0x20; value < 0x80; value++) {
            if (isPlain(value) && state.next(value) != target) {
                return DfaState.DEAD;
            }
        }
        for (final int[] lead : LEADS) {
            DfaState checked = null;
            for (int first = lead[0]; first <= lead[1]; first++) {
                final DfaState middle = state.next(first);
                if (middle != checked && !leads(middle, lead, target)) {
                    return DfaState.DEAD;
                }
                checked = middle;
            }
        }
        return target;
    }

    private static boolean leads(final DfaState from, final int[] lead, final DfaState target) {
        return follows(from, lead[2], lead[3], lead[4] + 1, target);
    }

    private static boolean follows(final DfaState from, final int low, final int high, final int left, final DfaState target) {
        if (left == 0) {
            return from == target;
        }
        if (from == DfaState.DEAD) {
            return false;
        }
        DfaState checked = null;
        for (int value = low; value <= high; value++) {
            final DfaState next = from.next(value);
            if (next != checked && !follows(next, 0x80, 0xbf, left - 1, target)) {
                return false;
            }
            checked = next;
        }
        return true;
    }
}
