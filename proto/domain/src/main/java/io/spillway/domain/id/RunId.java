package io.spillway.domain.id;

/** One agent run: all requests of one agent execution. */
public record RunId(String value) implements Comparable<RunId> {
    public RunId {
        Names.check("RunId", value);
    }

    @Override
    public int compareTo(final RunId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
