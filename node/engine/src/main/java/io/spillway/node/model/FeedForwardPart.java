package io.spillway.node.model;

/** The half of a layer that looks at each row by itself: one gated unit, or experts. */
interface FeedForwardPart {
    /** @param s in: what was normed; out: delta */
    void forward(Step s);
}
