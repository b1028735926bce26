package io.spillway.text;

import java.util.List;

/**
 * How a model is asked for what stands between two texts: the token {@code prefix}, the text before, the token {@code suffix}, the text
 * behind, the token {@code middle}; what it writes then belongs between them. Immutable; any thread.
 *
 * @param ends tokens that end what is written there, besides those that end any output
 */
public record FillInMiddle(int prefix, int suffix, int middle, List<Integer> ends) {
    public FillInMiddle {
        ends = List.copyOf(ends);
    }
}
