package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.grammar.GrammarSource;
import java.util.Optional;
import java.util.Set;

/**
 * What an answer must look like.
 *
 * @param format      of its text; empty = any
 * @param strictTools  names of tools whose calls keep to their schema even where calls are free
 * @param allowedTools names of tools that may be called, of all that the model is told of; empty = any of them
 */
public record OutputShape(Optional<GrammarSource> format, Set<String> strictTools, Set<String> allowedTools) {
    /** Anything. */
    public static final OutputShape FREE = new OutputShape(Optional.empty(), Set.of());

    /** Every tool may be called. */
    public OutputShape(final Optional<GrammarSource> format, final Set<String> strictTools) {
        this(format, strictTools, Set.of());
    }

    public OutputShape {
        requireNonNull(format, "format");
        strictTools = Set.copyOf(strictTools);
        allowedTools = Set.copyOf(allowedTools);
    }

    /** @return whether calls of that tool are allowed */
    public boolean allows(final String tool) {
        return allowedTools.isEmpty() || allowedTools.contains(tool);
    }
}
