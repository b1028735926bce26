package io.spillway.gateway.openai;

import io.spillway.domain.id.ModelId;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.json.Fields;
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
        final int bestOf = SamplingBody.bestOf(body, choices);
        if (prompts.size() * bestOf > PROMPTS_MAX) {
            throw body.invalid(bestOf > choices ? "best_of" : "n", "at most " + PROMPTS_MAX + " outputs in all.");
        }
        final ChatRequest.Options options = new ChatRequest.Options(
            choices, SamplingBody.stops(body), ChatRequest.ToolCalls.NONE, Optional.empty(), new int[0])
            .with(bestOf, SamplingBody.priority(body));
        final int outputTokensMax = body.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(OUTPUT_TOKENS);
        final ChatRequest request = new ChatRequest(asker.id(), asker.tenant(), asker.run(), model, prompts,
            OptionalInt.of(outputTokensMax), body.longInteger("seed"), SamplingBody.read(body, logprobs.orElse(-1)),
            asker.identity().applied(options));
        return new CompletionBody(request, form, echo);
    }

    /** With something behind it, a text is one side of a gap. */
    private static List<Prompt> prompts(final Fields body) {
        final List<Prompt> prompts = PromptBody.read(body, "prompt", PROMPTS_MAX);
        final String behind = body.text("suffix").orElse("");
        return behind.isEmpty() ? prompts : prompts.stream().map(prompt -> gap(prompt, behind, body)).toList();
    }

    private static Prompt gap(final Prompt prompt, final String behind, final Fields body) {
        if (prompt instanceof Prompt.Text before) {
            return new Prompt.Gap(before.text(), behind);
        }
        throw body.invalid("suffix", "'prompt' must be a text then, or several.");
    }
}
