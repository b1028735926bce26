package io.spillway.gateway.guard;

import io.spillway.domain.id.RequestId;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.OutputShape;
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
 * @param prompt with all tools of the request
 * @param demand as in {@link ChatRequest.Options}, unless a call is wanted
 * @param wanted the call that the operator wants; it is demanded
 * @param out    tools that are left out
 * @param draw   how often this was asked before and another answer must be drawn
 */
record Asking(Prompt.Messages prompt, Optional<String> demand, Optional<ToolContract.Instead> wanted, Set<String> out, int draw) {
    /** Least temperatures at which other answers are drawn: at 0 they would be the same one. */
    private static final float[] REDRAW_TEMPERATURES = {0.7f, 1f};
    /** Far from the seeds of neighbouring requests. */
    private static final long SEED_STEP = 1_000_003;

    static Asking first(final ChatRequest request, final Prompt.Messages prompt) {
        return new Asking(prompt, request.options().demand(), Optional.empty(), Set.of(), 0);
    }

    /** @return asking with a conversation that says what went wrong */
    Asking told(final List<Map<String, Object>> messages) {
        return new Asking(new Prompt.Messages(messages, prompt.tools(), prompt.extra()), Optional.empty(), Optional.empty(), out, 0);
    }

    /** @return asking for one certain call */
    Asking demanding(final ToolContract.Instead instead) {
        return new Asking(prompt, demand, Optional.of(instead), out, 0);
    }

    /** @return asking the same again, for another answer */
    Asking again() {
        return new Asking(prompt, demand, wanted, out, draw + 1);
    }

    /** @return asking without those tools; what is answered then is free */
    Asking without(final Set<String> tools) {
        final Set<String> all = new HashSet<>(out);
        all.addAll(tools);
        return new Asking(prompt, Optional.empty(), Optional.empty(), all, out.containsAll(tools) ? draw + 1 : 0);
    }

    /** @return the request of attempt {@code number}, from 1 */
    ChatRequest request(final ChatRequest original, final int number) {
        final RequestId id = number == 1 ? original.id() : new RequestId(original.id() + "-a" + number);
        final OptionalLong seed = draw > 0 ? OptionalLong.of(original.seed().orElse(0) + SEED_STEP * number) : original.seed();
        return new ChatRequest(id, original.tenant(), original.run(), original.model(), List.of(offering()), original.outputTokensMax(), seed,
            draw > 0 ? original.sampling().atLeast(REDRAW_TEMPERATURES[Math.min(draw, REDRAW_TEMPERATURES.length) - 1])
                : original.sampling(), options(original.options()));
    }

    /** All tools stay where none would be left: a template without tools is another conversation. */
    private Prompt.Messages offering() {
        final List<Map<String, Object>> left = prompt.tools().stream()
            .filter(tool -> wanted.isPresent() ? wanted.get().call().equals(ToolNames.name(tool)) : !out.contains(ToolNames.name(tool))).toList();
        return left.isEmpty() ? prompt : new Prompt.Messages(prompt.messages(), left, prompt.extra());
    }

    private ChatRequest.Options options(final ChatRequest.Options as) {
        final Set<String> strict = new HashSet<>(as.shape().strictTools());
        final Set<String> allowed = new HashSet<>(as.shape().allowedTools());
        wanted.ifPresent(call -> {
            strict.add(call.call());
            allowed.clear();
            allowed.add(call.call());
        });
        return new ChatRequest.Options(as.choices(), as.stops(), wanted.isPresent() ? ChatRequest.ToolCalls.ONE : as.toolCalls(),
            wanted.map(ToolContract.Instead::call).or(() -> demand), as.emittedTokens(), new OutputShape(as.shape().format(), strict, allowed))
            .with(as.bestOf(), as.priority()).in(as.context());
    }
}
