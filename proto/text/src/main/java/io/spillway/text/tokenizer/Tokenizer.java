package io.spillway.text.tokenizer;

import java.util.OptionalInt;

/** One model's vocabulary. Immutable; any thread. Ids are from 0 to {@link #vocabularySize()} - 1, possibly with gaps. */
public interface Tokenizer extends AutoCloseable {
    /**
     * Never truncates or pads. Special tokens written out in the text become their ids. A lone surrogate counts as U+FFFD.
     *
     * @param addSpecial whether to add what the model wants around a plain text (for most models a leading BOS token); not for rendered
     *                   chat templates, which write it themselves
     * @return token ids, a fresh array
     */
    int[] encode(String text, boolean addSpecial);

    /** @return the bytes that a token stands for, a fresh array; not always whole UTF-8; empty for an id in a gap */
    byte[] tokenBytes(int id);

    /** @return whether the token steers (end of turn, role marks) instead of being text */
    boolean isSpecial(int id);

    /** @return the text of some tokens, special ones included; bytes that are no UTF-8 become U+FFFD */
    String decode(int[] ids);

    /** @return one above the largest id */
    int vocabularySize();

    /** @return the id of a token, by its text as the vocabulary writes it */
    OptionalInt idOf(String token);

    /** Frees the library's memory. No thread may use the tokenizer after this. */
    @Override
    void close();
}
