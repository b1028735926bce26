package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

/**
 * What an output must look like, as text that every process understands alike.
 *
 * @param kind what {@code text} is: the name of a kind of grammar, for instance {@code json_schema}
 * @param text the grammar in that kind's own notation
 */
public record OutputGrammar(String kind, String text) {
    /** Longest grammar that travels, in characters. */
    public static final int TEXT_CHARS_MAX = 1 << 20;

    public OutputGrammar {
        requireNonNull(kind, "kind");
        requireNonNull(text, "text");
        if (text.length() > TEXT_CHARS_MAX) {
            throw new IllegalArgumentException("a grammar of " + text.length() + " characters is too long; " + TEXT_CHARS_MAX + " may be");
        }
    }
}
