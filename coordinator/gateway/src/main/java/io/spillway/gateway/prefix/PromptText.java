package io.spillway.gateway.prefix;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.Function;

/**
 * A prompt as the text that a model's template made of it, and how that becomes tokens.
 *
 * @param encode  the model's tokenizer: nothing is added to the text
 * @param markers where the text may be cut
 */
public record PromptText(String text, Function<String, int[]> encode, List<Marker> markers) {
    public PromptText {
        requireNonNull(text, "text");
        requireNonNull(encode, "encode");
        markers = List.copyOf(markers);
    }

    /**
     * A token that stands for this text wherever it occurs, and before which a text can be cut: the tokens of both pieces are the tokens of
     * the whole.
     */
    public record Marker(String text, int token) {
    }
}
