package io.spillway.coordinator.prefix;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;
import java.util.Map;

/**
 * What the index knows of one chain. Immutable; any thread.
 *
 * @param chainBlocks blocks asked about
 * @param byNode      runs of the nodes that hold at least one of them
 * @param elsewhere   runs of every other node: only what it can fetch
 */
public record PrefixMatches(int chainBlocks, Map<NodeId, PrefixRuns> byNode, PrefixRuns elsewhere) {
    /** Nothing asked, nothing known. */
    public static final PrefixMatches NONE = new PrefixMatches(0, Map.of(), PrefixRuns.NONE);

    public PrefixMatches {
        byNode = Map.copyOf(byNode);
        requireNonNull(elsewhere, "elsewhere");
    }

    /** @return what {@code node} finds of the chain */
    public PrefixRuns of(final NodeId node) {
        return byNode.getOrDefault(node, elsewhere);
    }
}
