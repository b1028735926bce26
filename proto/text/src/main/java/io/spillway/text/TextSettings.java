package io.spillway.text;

import io.spillway.domain.request.GenerationDefaults;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model's files say about its text, besides the vocabulary.
 *
 * @param chatTemplate  the template's source
 * @param toolTemplate  the template for conversations with tools, where the model ships a separate one
 * @param specialTokens texts that templates see by name: {@code bos_token}, {@code eos_token} and so on
 * @param stopTokens    token ids that end an output, ascending
 * @param fill          how it fills in the middle; empty = it was not made to
 * @param contextTokens longest sequence the model was made for; 0 = not said
 * @param defaults      how its makers would have it sampled
 */
record TextSettings(
    Optional<String> chatTemplate, Optional<String> toolTemplate, Map<String, String> specialTokens, List<Integer> stopTokens,
    Optional<FillInMiddle> fill, int contextTokens, GenerationDefaults defaults) {
}
