package io.spillway.node.speculation;

import java.util.List;

/**
 * What became of guesses, totals since the start.
 *
 * @param steps       steps in which a guess was computed
 * @param byProposer  in the order in which they are asked, tokens that constraints force last
 * @param draftNanos  time that proposers took because of what they proposed
 */
public record SpeculationCounts(long steps, List<Of> byProposer, long draftNanos) {
    /** Nothing happened yet. */
    public static final SpeculationCounts NONE = new SpeculationCounts(0, List.of(), 0);
    /** Name under which tokens are counted that a constraint forces. */
    public static final String FORCED = "forced";

    public SpeculationCounts {
        byProposer = List.copyOf(byProposer);
    }

    /**
     * @param guesses  guesses computed: at least one token each
     * @param proposed tokens computed
     * @param accepted tokens that were right, and so came without a step of their own
     */
    public record Of(String proposer, long guesses, long proposed, long accepted) {
        /** @return accepted tokens per guess; 0 without guesses */
        public double meanAccepted() {
            return guesses == 0 ? 0 : (double) accepted / guesses;
        }
    }

    /** @return tokens computed as guesses, of all proposers */
    public long proposed() {
        return byProposer.stream().mapToLong(Of::proposed).sum();
    }

    /** @return tokens that were right, of all proposers */
    public long accepted() {
        return byProposer.stream().mapToLong(Of::accepted).sum();
    }
}
