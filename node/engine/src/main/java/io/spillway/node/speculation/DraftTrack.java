package io.spillway.node.speculation;

import io.spillway.node.kvcache.BlockTable;

/** How far the draft model has followed one sequence. Single writer: the engine thread. */
final class DraftTrack {
    final SpeculatedSequence sequence;
    final BlockTable table = new BlockTable();
    private final int[] guessed;  // [tokensMax], tokens computed behind the known ones
    private int guessedFrom;      // position of the first of them
    private int guessedCount;
    private int computed;         // leading positions whose keys and values are those of the known tokens
    private final int openedAt;
    private boolean matched;

    DraftTrack(final SpeculatedSequence sequence, final int tokensMax) {
        this.sequence = sequence;
        guessed = new int[tokensMax];
        openedAt = sequence.knownTokens();
    }

    /** @return whether this call was the first: then the cache is to be asked for a prefix */
    boolean markMatched() {
        final boolean isFirst = !matched;
        matched = true;
        return isFirst;
    }

    /** @return tokens that came since the sequence was opened */
    int outputTokens() {
        return sequence.knownTokens() - openedAt;
    }

    /** @return known tokens that are not computed yet, or not known to be right */
    int missing() {
        return sequence.knownTokens() - computed;
    }

    int computed() {
        return computed;
    }

    void computedUpTo(final int position) {
        computed = position;
    }

    /** Position {@code position} holds a guess from now on. */
    void guess(final int position, final int token) {
        if (guessedCount == 0) {
            guessedFrom = position;
        }
        guessed[guessedCount++] = token;
    }

    /** Counts those guesses as computed that turned out right, and forgets the others. The last known token is always left to compute. */
    void resync() {
        int right = 0;
        while (right < guessedCount && guessedFrom + right < sequence.knownTokens()
            && guessed[right] == sequence.token(guessedFrom + right)) {
            right++;
        }
        computed = Math.min(computed + right, sequence.knownTokens() - 1);
        guessedCount = 0;
    }
}
