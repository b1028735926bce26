package io.spillway.node.speculation;

import java.util.function.IntUnaryOperator;

/**
 * Where in a growing run of tokens the same few tokens stood before: a hash table of the newest place, and per place the one before it,
 * over a window of the last tokens. Adding is O(1) amortised, finding looks at a bounded number of places. The table doubles up to the
 * window's size: 12 to 16 bytes per token of the window.
 *
 * <p>Places are positions of the token <em>behind</em> the gram. The tokens themselves stay with their owner. Single writer.
 */
final class NGramIndex {
    /** Matches are not measured beyond this. */
    static final int MATCH_MAX = 32;
    private static final int WINDOW_MIN = 256;
    private static final int TRIES = 12;
    private static final int GOLDEN = 0x9E3779B9;

    private final int gramTokens;
    private final int windowMax;
    private int[] heads;    // [2 · window], by hash: place + 1; 0 = none
    private int[] previous; // [window], by place & (window − 1): place + 1 of the one before it with that hash
    private int end;        // places below it are added
    private int matched;

    /** @param gramTokens at least 1 @param windowMax a power of two, at least 256 */
    NGramIndex(final int gramTokens, final int windowMax) {
        this.gramTokens = gramTokens;
        this.windowMax = windowMax;
        clear();
    }

    /** Forgets everything. */
    void clear() {
        heads = new int[2 * WINDOW_MIN];
        previous = new int[WINDOW_MIN];
        end = 0;
    }

    /** @return the place that will be added next */
    int end() {
        return end;
    }

    /** Adds all places up to {@code newEnd}, exclusive: the tokens before it are known. */
    void addUpTo(final IntUnaryOperator tokens, final int newEnd) {
        while (end < newEnd) {
            if (end == previous.length && previous.length < windowMax) {
                grow(tokens);
            }
            add(tokens, end++);
        }
    }

    private void grow(final IntUnaryOperator tokens) {
        heads = new int[2 * heads.length];
        previous = new int[2 * previous.length];
        for (int place = 0; place < end; place++) {
            add(tokens, place);
        }
    }

    private void add(final IntUnaryOperator tokens, final int place) {
        if (place >= gramTokens) {
            final int slot = hash(tokens, place);
            previous[place & previous.length - 1] = heads[slot];
            heads[slot] = place + 1;
        }
    }

    private int hash(final IntUnaryOperator tokens, final int end) {
        int hash = 0;
        for (int i = end - gramTokens; i < end; i++) {
            hash = (hash + tokens.applyAsInt(i)) * GOLDEN;
            hash ^= hash >>> 15;
        }
        return hash & heads.length - 1;
    }

    /**
     * Finds the place whose tokens before it agree longest with the end of a query; of equals the newest.
     *
     * @param query    tokens of the query by position; may be {@code tokens} itself
     * @param queryEnd its length; a place there is not found
     * @param first    the lowest position that {@code tokens} still has
     * @return the place, {@link #matched()} tokens long; −1: the last gram was not seen before
     */
    int find(final IntUnaryOperator tokens, final int first, final IntUnaryOperator query, final int queryEnd) {
        matched = 0;
        int best = -1;
        if (queryEnd < gramTokens) {
            return best;
        }
        int place = heads[hash(query, queryEnd)] - 1;
        final int oldest = Math.max(first + gramTokens, end - previous.length);
        for (int tries = 0; tries < TRIES && place >= oldest && matched < MATCH_MAX; tries++) {
            final int length = matchLength(tokens, place, first, query, queryEnd);
            if (length >= gramTokens && length > matched) {
                best = place;
                matched = length;
            }
            final int next = previous[place & previous.length - 1] - 1;
            if (next >= place) {
                break; // overwritten by a newer place
            }
            place = next;
        }
        return best;
    }

    /** @return how many tokens before the place found last agree with the query; at most {@link #MATCH_MAX} */
    int matched() {
        return matched;
    }

    private static int matchLength(final IntUnaryOperator tokens, final int place, final int first, final IntUnaryOperator query,
            final int queryEnd) {
        final int most = Math.min(Math.min(place - first, queryEnd), MATCH_MAX);
        int length = 0;
        while (length < most && tokens.applyAsInt(place - 1 - length) == query.applyAsInt(queryEnd - 1 - length)) {
            length++;
        }
        return length;
    }
}
