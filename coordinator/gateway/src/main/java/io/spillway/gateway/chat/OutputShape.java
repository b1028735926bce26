package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.grammar.GrammarSource;
import java.util.Optional;
import java.util.Set;

/**
 * What an answer must look like.
 *
 * @param format      of its text; empty = any
 * @param strictTools names of tools whose calls keep to their schema even where calls are free
 */
public record OutputShape(Optional<GrammarSource> format, Set<String> strictTools) {
    /** Anything. */
    public static final OutputShape FREE = new OutputShape(Optional.empty(), Set.of());

    public OutputShape {
        requireNonNull(format, "format");
        strictTools = Set.copyOf(strictTools);
    }
}
