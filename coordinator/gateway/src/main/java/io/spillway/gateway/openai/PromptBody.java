package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.json.Fields;
import java.util.ArrayList;
import java.util.List;

/** Reads what stands for a text: a string, a list of strings, a list of token ids, or a list of such lists. Stateless. */
final class PromptBody {
    private PromptBody() {
    }

    /** @param max most prompts */
    static List<Prompt> read(final Fields body, final String field, final int max) {
        final JsonNode value = body.value(field).orElseThrow(() -> body.missing(field));
        if (value.isTextual()) {
            return List.of(new Prompt.Text(value.textValue()));
        }
        final List<JsonNode> elements = body.array(field);
        if (elements.isEmpty() || elements.size() > max && !elements.getFirst().isNumber()) {
            throw body.invalid(field, "expected 1 to " + max + " texts, but got " + elements.size() + ".");
        }
        if (elements.getFirst().isNumber()) {
            return List.of(tokens(field, value));
        }
        final List<Prompt> prompts = new ArrayList<>();
        for (final JsonNode element : elements) {
            final String path = field + "[" + prompts.size() + "]";
            prompts.add(element.isTextual() ? new Prompt.Text(element.textValue()) : tokens(path, element));
        }
        return prompts;
    }

    /** @return a list of token ids; whether the model has them is not known here */
    static Prompt.Tokens tokens(final String path, final JsonNode value) {
        if (!value.isArray()) {
            throw Fields.wrongType(path, "a string or an array of token ids", value);
        }
        final int[] tokens = new int[value.size()];
        for (int i = 0; i < tokens.length; i++) {
            if (!value.get(i).canConvertToInt() || !value.get(i).isIntegralNumber()) {
                throw Fields.wrongType(path + "[" + i + "]", "a token id", value.get(i));
            }
            tokens[i] = value.get(i).intValue();
        }
        return new Prompt.Tokens(tokens);
    }
}
