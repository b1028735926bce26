package io.spillway.gateway.chat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.domain.request.Usage;
import io.spillway.gateway.chat.ChatEvent.ChatFinish;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One choice: follows its generation and tells it as text. Owned by the thread that runs the call. */
final class ChoiceRun {
    private static final int TOKENS_MIN = 64;

    private final int choice;
    private final GenerationRequest request;
    private final List<BlockHash> chain;
    private final ChatModel model;
    private final ChatOutput output;
    private final PieceTeller teller;
    private final boolean exhausted;
    private int[] tokens = new int[TOKENS_MIN];
    private int nextIndex;
    private PrefillSources sources = PrefillSources.NONE;
    private Usage usage;
    private boolean finished;
    private double logprobSum;
    private int logprobCount;
    private int reasoningTokens;

    /**
     * What is generated.
     *
     * @param chain        hashes of the prompt's full blocks
     * @param conversation whether the prompt is a conversation, so that the output is a turn of it and no mere text
     */
    record Asked(GenerationRequest request, List<BlockHash> chain, boolean conversation) {
    }

    /** @param exhausted the output limit is used up by what was emitted before */
    ChoiceRun(
        final int choice, final Asked asked, final ChatModel model, final ChatRequest.Options options, final boolean exhausted) {
        this.choice = choice;
        this.request = asked.request;
        this.chain = asked.chain;
        this.model = model;
        this.exhausted = exhausted;
        final boolean toolCalls = options.toolCalls() != ChatRequest.ToolCalls.NONE;
        this.output = asked.conversation ? model.newAnswer(request.promptTokens(), options.stops(), toolCalls)
            : model.newOutput(options.stops(), toolCalls);
        this.teller = new PieceTeller(choice, request.id(), options.toolCalls() == ChatRequest.ToolCalls.ONE);
    }

    /** @return hashes of the prompt's full blocks */
    List<BlockHash> chain() {
        return chain;
    }

    /** @return the output so far, a fresh array */
    int[] tokens() {
        return Arrays.copyOf(tokens, nextIndex);
    }

    GenerationRequest request() {
        return request;
    }

    /** @return whether nothing more will be told: the generation may be cancelled */
    boolean finished() {
        return finished;
    }

    /** @return output tokens so far */
    int outputTokens() {
        return nextIndex;
    }

    /** @return output tokens of the thought */
    int reasoningTokens() {
        return reasoningTokens;
    }

    /** @return mean logarithm of its tokens' probabilities; −∞ when it has none, or they are not known */
    double meanLogprob() {
        return logprobCount == 0 ? Double.NEGATIVE_INFINITY : logprobSum / logprobCount;
    }

    /** Begins with what stands at the end of the prompt but belongs to the answer; told with the first tokens. */
    void open(final int[] opening) {
        for (final int token : opening) {
            output.accept(token, teller);
        }
    }

    /** Tells what was emitted by an earlier attempt; may finish the choice. */
    void replay(final Consumer<ChatEvent> out) {
        final int[] emitted = request.emittedTokens();
        if (emitted.length > 0) {
            take(new GenerationEvent.TokenDelta(0, emitted, List.of()), out);
        }
        if (!finished && exhausted) {
            finish(ChatFinish.LENGTH, out);
        }
    }

    /**
     * @param placement why the generation runs where it runs
     * @throws SpillwayException when the generation failed, or broke its promises
     */
    void on(final GenerationEvent event, final String placement, final Consumer<ChatEvent> out) {
        if (finished) {
            return;
        }
        switch (event) {
            case GenerationEvent.Started started -> {
                sources = started.sources();
                out.accept(new ChatEvent.Started(choice, sources, placement));
            }
            case GenerationEvent.TokenDelta delta -> take(delta, out);
            case GenerationEvent.Embedded _ -> throw new SpillwayException(ErrorCode.INTERNAL, "an embedding nobody asked for");
            case GenerationEvent.Finished done -> {
                usage = done.usage();
                finish(done.reason() == FinishReason.STOP ? ChatFinish.STOP : ChatFinish.LENGTH, out);
            }
            case GenerationEvent.Failed failed -> throw new SpillwayException(failed.code(), failed.detail());
        }
    }

    private void take(final GenerationEvent.TokenDelta delta, final Consumer<ChatEvent> out) {
        final int from = nextIndex - delta.firstIndex();
        if (from < 0) {
            throw new SpillwayException(ErrorCode.INTERNAL,
                "output token " + nextIndex + " of " + request.id() + " was skipped");
        }
        int to = from;
        while (to < delta.tokens().length && !output.stopped() && !teller.cut()) {
            output.accept(delta.tokens()[to++], teller);
            reasoningTokens += output.thinking() ? 1 : 0;
        }
        for (int i = from; i < to && !delta.logprobs().isEmpty(); i++) {
            logprobSum += delta.logprobs().get(i).logprob();
            logprobCount++;
        }
        if (to > from) {
            out.accept(new ChatEvent.Tokens(choice, nextIndex, Arrays.copyOfRange(delta.tokens(), from, to),
                logprobs(delta, from, to)));
            keep(delta.tokens(), from, to);
        }
        teller.tell(out);
        if (output.stopped() || teller.cut()) {
            finish(ChatFinish.STOP, out);
        }
    }

    private void keep(final int[] from, final int first, final int end) {
        if (nextIndex + end - first > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, nextIndex + end - first));
        }
        System.arraycopy(from, first, tokens, nextIndex, end - first);
        nextIndex += end - first;
    }

    private List<TokenText> logprobs(final GenerationEvent.TokenDelta delta, final int from, final int to) {
        if (delta.logprobs().isEmpty()) {
            return List.of();
        }
        final List<TokenText> texts = new ArrayList<>(to - from);
        for (final TokenLogprob logprob : delta.logprobs().subList(from, to)) {
            texts.add(new TokenText(logprob.tokenId(), model.tokenBytes(logprob.tokenId()), logprob.logprob(),
                logprob.top().stream().map(other -> new TokenText(
                    other.tokenId(), model.tokenBytes(other.tokenId()), other.logprob(), List.of())).toList()));
        }
        return texts;
    }

    private void finish(final ChatFinish reason, final Consumer<ChatEvent> out) {
        finished = true;
        if (!teller.cut()) {
            output.end(teller);
            teller.tell(out);
        }
        final boolean called = reason == ChatFinish.STOP && teller.calls() > 0;
        out.accept(new ChatEvent.ChoiceFinished(choice, called ? ChatFinish.TOOL_CALLS : reason, output.stop()));
    }

    /** @return what was consumed: the node's own word when the generation ended by itself, else what was seen of it */
    Usage usage() {
        return Optional.ofNullable(usage).orElseGet(() -> new Usage(request.promptTokens().length,
            Math.min(sources.cachedTokens(), request.promptTokens().length), nextIndex, sources));
    }
}
