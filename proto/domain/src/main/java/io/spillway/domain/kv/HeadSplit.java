package io.spillway.domain.kv;

/**
 * How the attention heads of a model are divided among ranks that compute it together: which divisions there are, and who has what. Query heads
 * are divided evenly. So are key-value heads while there are as many as ranks; of fewer, each belongs to several ranks, which then have a few of
 * its query heads each.
 *
 * @param heads   query heads
 * @param kvHeads key-value heads that they share in groups of equal size
 * @param ranks   that compute the model together
 */
public record HeadSplit(int heads, int kvHeads, int ranks) {
    public HeadSplit {
        if (heads <= 0 || kvHeads <= 0 || ranks <= 0) {
            throw new IllegalArgumentException("heads, kvHeads and ranks must be positive: " + heads + ", " + kvHeads + ", " + ranks);
        }
    }

    /** @return whether heads can be divided so; nothing else below means anything otherwise */
    public boolean isPossible() {
        return heads % ranks == 0 && (kvHeads % ranks == 0 || ranks % kvHeads == 0);
    }

    /** @return query heads of each rank */
    public int rankHeads() {
        return heads / ranks;
    }

    /** @return the first query head of a rank */
    public int firstHead(final int rank) {
        return rank * rankHeads();
    }

    /** @return key-value heads of each rank */
    public int rankKvHeads() {
        return Math.max(1, kvHeads / ranks);
    }

    /** @return the first key-value head of a rank */
    public int firstKvHead(final int rank) {
        return isShared() ? rank / (ranks / kvHeads) : rank * rankKvHeads();
    }

    /** @return whether each key-value head belongs to several ranks */
    public boolean isShared() {
        return ranks > kvHeads;
    }

    /** @return whether the rank is the one, of those that have its key-value heads, that answers for what the cache holds of them */
    public boolean keeps(final int rank) {
        return !isShared() || rank % (ranks / kvHeads) == 0;
    }
}
