package io.spillway.grammar.automaton;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Plain text: the characters that JSON strings hold as they are, in UTF-8, and narrower alphabets within them. Most of a vocabulary is
 * made of few kinds of characters; where any text of such characters may come, nothing needs to look at single tokens.
 */
public final class PlainText {
    /** Alphabets, each within the next: {@code a-z}, ASCII letters, letters with digits and underscore, all plain characters. */
    public static final int ALPHABETS = 4;
    private static final int WORD = 2;
    private static final int ALL = 3;

    /** First bytes of longer characters, the range of the second byte, and how many bytes follow the second. */
    private static final int[][] LEADS = {
        {0xc2, 0xdf, 0x80, 0xbf, 0}, {0xe0, 0xe0, 0xa0, 0xbf, 1}, {0xe1, 0xec, 0x80, 0xbf, 1}, {0xed, 0xed, 0x80, 0x9f, 1},
        {0xee, 0xef, 0x80, 0xbf, 1}, {0xf0, 0xf0, 0x90, 0xbf, 2}, {0xf1, 0xf3, 0x80, 0xbf, 2}, {0xf4, 0xf4, 0x80, 0x8f, 2}};

    private static final int MAX_SEEN = 128;

    private PlainText() {
    }

    /** @return the narrowest alphabet that has a byte as a whole character; {@link #ALPHABETS} when none has */
    public static int alphabetOf(final int value) {
        if (value >= 'a' && value <= 'z') {
            return 0;
        }
        if (value >= 'A' && value <= 'Z') {
            return 1;
        }
        if (value >= '0' && value <= '9' || value == '_') {
            return WORD;
        }
        return value >= 0x20 && value < 0x80 && value != '"' && value != '\\' ? ALL : ALPHABETS;
    }

    /** @return whether a byte begins a character, or is one */
    public static boolean isFirst(final int value) {
        return (value & 0xc0) != 0x80;
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
     * @param ascii for each alphabet: characters of one byte
     * @param leads for each row of the table: first bytes, second bytes, further bytes
     */
    record Samples(int[][] ascii, int[][][] leads) {
        static Samples of(final int[] classOf) {
            final int[][][] leads = new int[LEADS.length][][];
            for (int i = 0; i < LEADS.length; i++) {
                leads[i] = new int[][] {one(classOf, LEADS[i][0], LEADS[i][1], ALL), one(classOf, LEADS[i][2], LEADS[i][3], ALL),
                    one(classOf, 0x80, 0xbf, ALL)};
            }
            return new Samples(IntStream.range(0, ALPHABETS).mapToObj(alphabet -> one(classOf, 0x20, 0x7f, alphabet)).toArray(int[][]::new), leads);
        }

        private static int[] one(final int[] classOf, final int from, final int to, final int alphabet) {
            final BitSet seen = new BitSet();
            return IntStream.rangeClosed(from, to).filter(value -> value >= 0x80 || alphabetOf(value) <= alphabet).filter(value -> {
                final boolean fresh = !seen.get(classOf[value]);
                seen.set(classOf[value]);
                return fresh;
            }).toArray();
        }
    }

    /**
     * How text of one alphabet may follow.
     *
     * @param chars so many characters may follow, whichever they are; or {@link DfaState#ANY_NUMBER}. More may be allowed than is known
     * @param exact whether no more may, and the rule neither ends nor calls another on the way: what may be read is known
     */
    public record Run(int chars, boolean exact) {
    }

    /**
     * The states after one character of an alphabet.
     *
     * @param states null when there is a character that may not come
     * @param plain  whether all of them, and those on the way, are {@link DfaState#isPlain}
     * @param none   whether no character may come
     */
    record Step(List<DfaState> states, boolean plain, boolean none) {
    }

    static Step after(final DfaState state, final Samples samples, final int alphabet) {
        final List<DfaState> targets = new ArrayList<>();
        boolean plain = true;
        boolean all = step(List.of(state), samples.ascii()[alphabet], targets);
        for (int i = 0; alphabet == ALL && all && i < LEADS.length; i++) {
            List<DfaState> now = List.of(state);
            for (int place = 0; all && place < LEADS[i][4] + 2; place++) {
                final List<DfaState> next = place == LEADS[i][4] + 1 ? targets : new ArrayList<>();
                all = step(now, samples.leads()[i][Math.min(place, 2)], next);
                plain &= next.stream().allMatch(DfaState::isPlain);
                now = next;
            }
        }
        plain &= targets.stream().allMatch(DfaState::isPlain);
        return all ? new Step(targets, plain, false) : new Step(null, plain, beginsNone(state, samples, alphabet));
    }

    private static boolean beginsNone(final DfaState state, final Samples samples, final int alphabet) {
        boolean none = isDead(state, samples.ascii()[alphabet]);
        for (int i = 0; alphabet == ALL && i < LEADS.length; i++) {
            none &= isDead(state, samples.leads()[i][0]);
        }
        return none;
    }

    private static boolean isDead(final DfaState state, final int[] bytes) {
        return Arrays.stream(bytes).allMatch(value -> state.next(value) == DfaState.DEAD);
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

    /** @param most characters, as far as is looked */
    static Run run(final DfaState state, final int alphabet, final int most) {
        final Set<DfaState> seen = new HashSet<>(Set.of(state));
        List<DfaState> now = List.of(state);
        // Also false once a state has come up twice: then texts of several lengths lead there.
        boolean plain = state.isPlain();
        for (int chars = 0; chars < most; chars++) {
            final List<DfaState> next = new ArrayList<>();
            for (final DfaState one : now) {
                final Step step = one.plainStep(alphabet);
                if (step.states() == null) {
                    return new Run(chars, plain && now.size() == 1 && step.none());
                }
                plain &= step.plain();
                for (final DfaState target : step.states()) {
                    if (seen.add(target)) {
                        next.add(target);
                    } else {
                        plain = false;
                    }
                }
            }
            if (next.isEmpty()) {
                return new Run(DfaState.ANY_NUMBER, false);
            }
            if (seen.size() > MAX_SEEN) {
                return new Run(chars + 1, false);
            }
            now = next;
        }
        return new Run(most, false);
    }
}
