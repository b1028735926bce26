package io.spillway.domain.id;

/** The name clients use for a model. */
public record ModelId(String value) implements Comparable<ModelId> {
    public ModelId {
        Names.check("ModelId", value);
    }

    @Override
    public int compareTo(final ModelId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
