package io.spillway.node.model;

/** The half of a layer that looks at each row by itself: one gated unit, or experts. */
interface FeedForwardPart {
    /** @return what computes that, its matrices loaded */
    static FeedForwardPart of(final FeedForwardSpec spec) {
        return switch (spec) {
            case DenseSpec dense -> new FeedForward(dense);
            case ExpertsSpec experts -> new Experts(experts);
        };
    }

    /** @param s in: what was normed; out: delta */
    void forward(Step s);
}
