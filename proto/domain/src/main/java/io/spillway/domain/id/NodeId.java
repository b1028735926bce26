package io.spillway.domain.id;

/** A cluster member that holds blocks: an engine node or a store server. */
public record NodeId(String value) implements Comparable<NodeId> {
    public NodeId {
        Names.check("NodeId", value);
    }

    @Override
    public int compareTo(final NodeId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
