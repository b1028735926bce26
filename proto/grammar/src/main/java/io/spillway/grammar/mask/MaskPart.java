package io.spillway.grammar.mask;

/**
 * Tokens that may come, whatever the stack is; and the nodes of the trie where the stack begins to matter: there the rule has ended,
 * and what was beneath it decides about longer tokens. Immutable; any thread.
 */
final class MaskPart {
    /** Up to so many tokens are kept as a list. */
    private static final int SPARSE_TOKENS = 1024;

    private final long[] dense;
    private final int[] sparse;
    private final int[] ended;
    private final boolean ends;
    private final boolean cut;

    /** What a walk found out besides tokens. {@code ends}: whether a rule ended; {@code cut}: whether the walk was too long to finish. */
    record Findings(boolean ends, boolean cut) {
    }

    /**
     * @param mask  bit per token, copied where it is kept
     * @param ended nodes of the trie after which the rule has ended; null when they were not asked for
     */
    MaskPart(final long[] mask, final int[] ended, final Findings findings) {
        int count = 0;
        for (final long word : mask) {
            count += Long.bitCount(word);
        }
        this.dense = count > SPARSE_TOKENS ? mask.clone() : null;
        this.sparse = dense == null ? list(mask, count) : null;
        this.ended = ended;
        this.ends = findings.ends();
        this.cut = findings.cut();
    }

    private static int[] list(final long[] mask, final int count) {
        final int[] tokens = new int[count];
        int next = 0;
        for (int i = 0; i < mask.length; i++) {
            for (long word = mask[i]; word != 0; word &= word - 1) {
                tokens[next++] = i * Long.SIZE + Long.numberOfTrailingZeros(word);
            }
        }
        return tokens;
    }

    void orInto(final long[] mask) {
        if (dense != null) {
            for (int i = 0; i < dense.length; i++) {
                mask[i] |= dense[i];
            }
        } else {
            for (final int token : sparse) {
                mask[token >>> 6] |= 1L << token;
            }
        }
    }

    boolean reachesTheStack() {
        return ends;
    }

    /** @return whether tokens may be missing */
    boolean isCut() {
        return cut;
    }

    /** @return whether it knows all that is to be known on a stack with or without anything beneath */
    boolean isComplete(final boolean beneath) {
        return !beneath || !ends || ended != null;
    }

    int[] ended() {
        return ended;
    }

    /**
     * @param only the only token so far; {@link MaskParts#NONE} or {@link MaskParts#SEVERAL}
     * @return the only token with these added
     */
    int only(final int only) {
        if (dense != null || only == MaskParts.SEVERAL) {
            return MaskParts.SEVERAL;
        }
        int one = only;
        for (final int token : sparse) {
            if (one != MaskParts.NONE && one != token) {
                return MaskParts.SEVERAL;
            }
            one = token;
        }
        return one;
    }

    long bytes() {
        return 64L + (dense == null ? sparse.length * 4L : dense.length * 8L) + (ended == null ? 0 : ended.length * 4L);
    }
}
