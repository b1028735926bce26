package io.spillway.gateway.guard;

import io.spillway.domain.id.RequestId;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.Prompt;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How an attempt asks. Immutable.
 *
 * @param prompt  what is asked
 * @param demand  as in {@link ChatRequest.Options}
 * @param with    arguments that the operator decides, of the demanded call
 * @param out     tools that are left out
 * @param redrawn whether the prompt was asked before, so that another answer must be drawn
 */
record Asking(Prompt.Messages prompt, Optional<String> demand, Map<String, Object> with, Set<String> out, boolean redrawn) {
    /** The least temperature at which another answer is drawn: at 0 it would be the same one. */
    private static final float REDRAW_TEMPERATURE = 0.7f;
    /** Far from the seeds of neighbouring requests. */
    private static final long SEED_STEP = 1_000_003;

    static Asking first(final ChatRequest request) {
        return new Asking((Prompt.Messages) request.prompts().getFirst(), request.options().demand(), Map.of(), Set.of(), false);
    }

    /** @return asking in other words what went wrong: a conversation that says so */
    Asking told(final List<Map<String, Object>> messages) {
        return new Asking(new Prompt.Messages(messages, prompt.tools(), prompt.extra()), Optional.empty(), Map.of(), out, false);
    }

    /** @return asking for one certain call */
    Asking demanding(final ToolContract.Instead instead) {
        return new Asking(prompt, Optional.of(instead.call()), instead.with(), out, false);
    }

    /** @return asking the same again, for another answer */
    Asking again() {
        return new Asking(prompt, demand, with, out, true);
    }

    /** @return asking without those tools; what is answered then is free. All tools stay where none would be left */
    Asking without(final Set<String> tools) {
        final Set<String> all = new HashSet<>(out);
        all.addAll(tools);
        final List<Map<String, Object>> left = prompt.tools().stream().filter(tool -> !all.contains(name(tool))).toList();
        return left.isEmpty() ? new Asking(prompt, Optional.empty(), Map.of(), all, true)
            : new Asking(new Prompt.Messages(prompt.messages(), left, prompt.extra()), Optional.empty(), Map.of(), all, false);
    }

    private static String name(final Map<String, Object> tool) {
        return tool.get("function") instanceof Map<?, ?> function ? String.valueOf(function.get("name")) : "";
    }

    /** @return the request of attempt {@code number}, from 1 */
    ChatRequest request(final ChatRequest original, final int number) {
        final RequestId id = number == 1 ? original.id() : new RequestId(original.id() + "-a" + number);
        final ChatRequest.Options as = original.options();
        final OptionalLong seed = redrawn ? OptionalLong.of(original.seed().orElse(0) + SEED_STEP * number) : original.seed();
        return new ChatRequest(id, original.tenant(), original.run(), original.model(), List.of(prompt), original.outputTokensMax(), seed,
            redrawn ? warm(original.sampling()) : original.sampling(),
            new ChatRequest.Options(as.choices(), as.stops(), as.toolCalls(), demand, as.emittedTokens(), as.shape())
                .with(as.bestOf(), as.priority()));
    }

    private static SamplingParams warm(final SamplingParams asked) {
        return new SamplingParams(Math.max(asked.temperature(), REDRAW_TEMPERATURE), asked.topK(), asked.topP(), asked.minP(), asked.typicalP(),
            asked.presencePenalty(), asked.frequencyPenalty(), asked.repetitionPenalty(), asked.repetitionWindowTokens(), asked.logitBias(),
            asked.seed(), asked.topLogprobs());
    }
}
