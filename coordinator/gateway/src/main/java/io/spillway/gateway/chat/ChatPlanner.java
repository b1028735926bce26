package io.spillway.gateway.chat;

import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.AgentStep;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.OutputGrammar;
import io.spillway.domain.request.Retention;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.prefix.PromptMemory;
import io.spillway.gateway.runs.AgentRuns;
import io.spillway.gateway.runs.OpenStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Turns a request into one generation per choice, or refuses it. Stateless; any thread. */
final class ChatPlanner {
    private static final int PREDICTED_TOKENS_MAX = 1 << 16;
    /** A longer gap is heeded as if it was half an hour. */
    private static final long GAP_MILLIS_MAX = 1_800_000;

    private final ChatService.Parts parts;
    private final Map<ModelId, ModelDescriptor> seen;
    private final LongSupplier randomSeed;
    private final Grammars grammars;

    /** What all choices of a request share. */
    private record Setting(ChatModel model, ModelDescriptor descriptor, BlockHash chainRoot, long seed) {
    }

    /** @param seen models that were served at some time; concurrent, kept up to date here */
    ChatPlanner(
        final ChatService.Parts parts, final Map<ModelId, ModelDescriptor> seen, final LongSupplier randomSeed, final Grammars grammars) {
        this.parts = parts;
        this.seen = seen;
        this.randomSeed = randomSeed;
        this.grammars = grammars;
    }

    /**
     * @param runs one per choice, prompts in order, the choices of a prompt together
     * @param step the request's place in an agent run
     * @param retentions as wished, in tokens
     */
    record Plan(List<ChoiceRun> runs, OpenStep step, List<Retention> retentions) {
    }

    /** @throws SpillwayException when the request cannot be served as it stands */
    Plan plan(final ChatRequest request) {
        final Setting setting = setting(request);
        checkBias(request, setting.model);
        final List<Asked> asked = new ArrayList<>();
        for (final Prompt prompt : request.prompts()) {
            asked.add(asked(request, prompt, setting));
        }
        final OpenStep step = begin(request, setting, asked);
        final int[] prediction = prediction(request, setting.model);
        final List<Retention> retentions = new Beginnings(parts.soft().prompts(), setting.model).retentions(request);
        final List<ChoiceRun> runs = new ArrayList<>();
        for (final Asked one : asked) {
            for (int choice = 0; choice < request.options().bestOf(); choice++) {
                runs.add(run(request, setting, new Placed(one, step, prediction, kept(request, retentions)), runs.size()));
                runs.getLast().open(one.opening);
            }
        }
        return new Plan(runs, step, retentions);
    }

    /** @return the tokens that the request's first prompt becomes, however many they are */
    int[] tokens(final ChatRequest request) {
        return opened(request, request.prompts().getFirst(), setting(request)).prompt.tokens();
    }

    private Asked asked(final ChatRequest request, final Prompt prompt, final Setting setting) {
        final Asked asked = opened(request, prompt, setting);
        ModelSetting.check(asked.prompt.tokens(), asked.conversation ? "messages" : "prompt", setting.model, setting.descriptor);
        return asked;
    }

    private Asked opened(final ChatRequest request, final Prompt prompt, final Setting setting) {
        final PromptMemory.Encoded encoded = encode(request, offering(prompt, request.options(), setting.model), setting);
        final boolean conversation = prompt instanceof Prompt.Messages;
        final ChatModel.Thought thought = conversation ? setting.model.thought(encoded.tokens()) : ChatModel.Thought.NONE;
        final Optional<OutputGrammar> grammar = grammars.of(request, prompt, setting.model, thought);
        // A grammar makes the model open the call itself; without one it is opened for it.
        final int[] opening = grammar.isPresent() ? new int[0]
            : request.options().demand().flatMap(setting.model::callOpening).orElse(new int[0]);
        final PromptMemory.Encoded opened = opening.length == 0 ? encoded
            : PromptMemory.of(joined(encoded.tokens(), opening), blocks(setting));
        return new Asked(opened, opening, grammar, conversation, stops(prompt, setting.model));
    }

    private static int[] stops(final Prompt prompt, final ChatModel model) {
        return prompt instanceof Prompt.Gap ? joined(model.stopTokens(), model.gapStopTokens()) : model.stopTokens();
    }

    private PromptMemory.Encoded encode(final ChatRequest request, final Prompt prompt, final Setting setting) {
        final PromptMemory.Owner owner = new PromptMemory.Owner(request.tenant(), request.model());
        return setting.model.text(prompt).map(text -> parts.soft().prompts().encode(owner, text, blocks(setting)))
            .orElseGet(() -> PromptMemory.of(setting.model.encode(prompt), blocks(setting)));
    }

    private static PromptMemory.Blocks blocks(final Setting setting) {
        return new PromptMemory.Blocks(setting.chainRoot, setting.descriptor.layout().blockTokens());
    }

    private static int[] joined(final int[] first, final int[] second) {
        final int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /** Only a conversation goes on from another one. */
    private OpenStep begin(final ChatRequest request, final Setting setting, final List<Asked> asked) {
        final AgentStep said = request.options().context().agent();
        final Optional<AgentRuns.PromptTokens> prompt = asked.size() == 1 && asked.getFirst().conversation
            ? Optional.of(new AgentRuns.PromptTokens(setting.chainRoot, asked.getFirst().prompt.chain(), asked.getFirst().prompt.tokens(),
                setting.descriptor.layout().blockTokens())) : Optional.empty();
        return parts.soft().runs().begin(new AgentRuns.Beginning(request.tenant(), request.run(), said.at(request.id().value(), said.parentStep()),
            request.model().value(), parts.soft().clock().epochMillis(), request.options().context().terms().gapMillis(),
            request.options().context().retries()), prompt);
    }

    /** Whoever says when it will be back finds everything if it comes within twice that time. */
    private static List<Retention> kept(final ChatRequest request, final List<Retention> wished) {
        final long gapMillis = request.options().context().terms().gapMillis();
        if (gapMillis < 0) {
            return wished;
        }
        final List<Retention> all = new ArrayList<>(wished);
        all.add(Retention.ofAll(2 * Math.min(gapMillis, GAP_MILLIS_MAX)));
        return all;
    }

    /** What is not to be generated anyway need not be predicted. */
    private static int[] prediction(final ChatRequest request, final ChatModel model) {
        final String text = request.options().context().prediction();
        if (text.isEmpty()) {
            return new int[0];
        }
        final int[] tokens = model.encodeContinuation(text);
        return tokens.length <= PREDICTED_TOKENS_MAX ? tokens : Arrays.copyOf(tokens, PREDICTED_TOKENS_MAX);
    }

    private Setting setting(final ChatRequest request) {
        final ModelSetting of = ModelSetting.find(parts, seen, request.model(), request.tenant());
        return new Setting(of.model(), of.descriptor(), of.chainRoot(), request.seed().orElseGet(randomSeed));
    }

    private static void checkBias(final ChatRequest request, final ChatModel model) {
        for (final int token : request.sampling().logitBias().keySet()) {
            if (token < 0 || token >= model.vocabularySize()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "logit_bias",
                    "Token id " + token + " is not in the model's vocabulary of " + model.vocabularySize());
            }
        }
    }

    /**
     * The model is told of all tools, whichever may be called now, so that requests of one conversation share their beginning; a grammar
     * keeps it to those allowed. Where none can be made, it is told of those only.
     */
    private static Prompt offering(final Prompt prompt, final ChatRequest.Options options, final ChatModel model) {
        final boolean all = options.toolCalls() != ChatRequest.ToolCalls.NONE && options.shape().allowedTools().isEmpty();
        if (!(prompt instanceof Prompt.Messages chat) || all || model.callSyntax().isPresent()) {
            return prompt;
        }
        final boolean none = options.toolCalls() == ChatRequest.ToolCalls.NONE;
        return new Prompt.Messages(chat.messages(), chat.tools().stream().filter(tool -> !none
            && tool.get("function") instanceof Map<?, ?> function && options.shape().allows(String.valueOf(function.get("name")))).toList(),
            chat.extra());
    }

    /**
     * One prompt, and what its answers must look like.
     *
     * @param opening    the end of the prompt that belongs to the answer
     * @param stopTokens what ends the answer by itself
     */
    private record Asked(
        PromptMemory.Encoded prompt, int[] opening, Optional<OutputGrammar> grammar, boolean conversation, int[] stopTokens) {
    }

    /** A prompt in its run. */
    private record Placed(Asked asked, OpenStep step, int[] prediction, List<Retention> kept) {
    }

    private static ChoiceRun run(final ChatRequest request, final Setting setting, final Placed placed, final int choice) {
        final int[] prompt = placed.asked.prompt.tokens();
        final int leftTokens = setting.descriptor.contextTokens() - prompt.length;
        final int outputTokensMax =
            Math.min(leftTokens, request.outputTokensMax().orElse(setting.model.defaults().outputTokensMax().orElse(leftTokens)));
        final int[] emitted = request.options().emittedTokens();
        final RequestId id = request.candidates() == 1 ? request.id() : new RequestId(request.id() + "-" + choice);
        final GenerationRequest generation = new GenerationRequest(id, request.tenant(), request.run(), request.model(),
            setting.chainRoot, prompt, emitted, Math.max(outputTokensMax, emitted.length + 1), placed.asked.stopTokens,
            sampling(request, setting.model).withSeed(setting.seed).forChoice(choice)).withPriority(request.options().priority())
            .withPrediction(placed.prediction).withRetentions(placed.kept).withAgent(placed.step.chargedRun(),
                request.options().context().agent().at(placed.step.step().id(), placed.step.step().parent()));
        final GenerationRequest shaped = placed.asked.grammar.map(generation::withGrammar).orElse(generation);
        return new ChoiceRun(choice, new ChoiceRun.Asked(shaped, placed.asked.prompt.chain(), placed.asked.conversation), setting.model,
            request.options(), emitted.length >= outputTokensMax);
    }

    /** To choose among outputs, the probabilities of their tokens must be known. */
    private static SamplingParams sampling(final ChatRequest request, final ChatModel model) {
        final boolean isChosen = request.options().bestOf() > request.options().choices();
        final SamplingParams sampling = request.sampling().under(model.defaults().sampling());
        return isChosen && !sampling.wantsLogprobs() ? sampling.withTopLogprobs(0) : sampling;
    }
}
