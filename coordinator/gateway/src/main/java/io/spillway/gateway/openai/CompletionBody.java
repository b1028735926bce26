package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.id.ModelId;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A classic completion as it was asked for.
 *
 * @param echo whether each output begins with its prompt
 */
record CompletionBody(ChatRequest request, AnswerForm form, boolean echo) {
    private static final int OUTPUT_TOKENS = 16;
    private static final int PROMPTS_MAX = 128;
    private static final int LOGPROBS_MAX = 20;

    static CompletionBody read(final Fields body, final ChatBody.Asker asker) {
        final ModelId model = ChatBody.model(body);
        final List<Prompt> prompts = prompts(body);
        final OptionalInt logprobs = body.integer("logprobs", 0, LOGPROBS_MAX);
        final AnswerForm form = AnswerForm.read(body, model, logprobs.isPresent());
        final boolean echo = body.flag("echo", false);
        if (echo && logprobs.isPresent()) {
            throw body.unsupported("echo", "together with 'logprobs'; probabilities of prompt tokens are not computed.");
        }
        final int choices = SamplingBody.choices(body);
        if (prompts.size() * choices > PROMPTS_MAX) {
            throw body.invalid("n", "at most " + PROMPTS_MAX + " outputs in all.");
        }
        refuseUnsupported(body, choices);
        final ChatRequest.Options options = new ChatRequest.Options(
            choices, SamplingBody.stops(body), ChatRequest.ToolCalls.NONE, Optional.empty(), new int[0]);
        final int outputTokensMax = body.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(OUTPUT_TOKENS);
        final ChatRequest request = new ChatRequest(asker.id(), asker.tenant(), asker.run(), model, prompts,
            OptionalInt.of(outputTokensMax), body.longInteger("seed"), SamplingBody.read(body, logprobs.orElse(-1)), options);
        return new CompletionBody(request, form, echo);
    }

    private static void refuseUnsupported(final Fields body, final int choices) {
        if (body.text("suffix").filter(suffix -> !suffix.isEmpty()).isPresent()) {
            throw body.unsupported("suffix", "this server does not fill in the middle.");
        }
        if (body.integer("best_of", 1, SamplingBody.CHOICES_MAX).orElse(choices) != choices) {
            throw body.unsupported("best_of", "it must equal 'n'.");
        }
    }

    /** A string, a list of strings, a list of token ids, or a list of such lists. */
    private static List<Prompt> prompts(final Fields body) {
        final JsonNode value = body.value("prompt").orElseThrow(() -> body.missing("prompt"));
        if (value.isTextual()) {
            return List.of(new Prompt.Text(value.textValue()));
        }
        final List<JsonNode> elements = body.array("prompt");
        if (elements.isEmpty() || elements.size() > PROMPTS_MAX && !elements.getFirst().isNumber()) {
            throw body.invalid("prompt", "expected 1 to " + PROMPTS_MAX + " prompts, but got " + elements.size() + ".");
        }
        if (elements.getFirst().isNumber()) {
            return List.of(tokens("prompt", value));
        }
        final List<Prompt> prompts = new ArrayList<>();
        for (final JsonNode element : elements) {
            final String path = "prompt[" + prompts.size() + "]";
            prompts.add(element.isTextual() ? new Prompt.Text(element.textValue()) : tokens(path, element));
        }
        return prompts;
    }

    private static Prompt tokens(final String path, final JsonNode value) {
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
