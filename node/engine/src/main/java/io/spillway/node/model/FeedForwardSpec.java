package io.spillway.node.model;

/** The half of a layer that looks at each row by itself. */
public sealed interface FeedForwardSpec permits DenseSpec, ExpertsSpec {
    /** @return how gates let the other projection through */
    GatedUnit unit();
}
