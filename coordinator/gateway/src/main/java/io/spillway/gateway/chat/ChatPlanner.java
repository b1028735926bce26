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
import io.spillway.domain.request.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Turns a request into one generation per choice, or refuses it. Stateless; any thread. */
final class ChatPlanner {
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
     * @return one run per choice, prompts in order, the choices of a prompt together
     * @throws SpillwayException when the request cannot be served as it stands
     */
    List<ChoiceRun> plan(final ChatRequest request) {
        final Setting setting = setting(request);
        checkBias(request, setting.model);
        final List<ChoiceRun> runs = new ArrayList<>();
        for (final Prompt prompt : request.prompts()) {
            final Optional<OutputGrammar> grammar = grammars.of(request, prompt, setting.model);
            // A grammar makes the model open the call itself; without one it is opened for it.
            final int[] opening = grammar.isPresent() ? new int[0]
                : request.options().demand().flatMap(setting.model::callOpening).orElse(new int[0]);
            final int[] tokens = tokens(offering(prompt, request.options().shape(), setting.model), setting, opening);
            for (int choice = 0; choice < request.options().bestOf(); choice++) {
                runs.add(run(request, setting, new Asked(tokens, grammar, prompt instanceof Prompt.Messages), runs.size()));
                runs.getLast().open(opening);
            }
        }
        return runs;
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
    private static Prompt offering(final Prompt prompt, final OutputShape shape, final ChatModel model) {
        if (!(prompt instanceof Prompt.Messages chat) || shape.allowedTools().isEmpty() || model.callSyntax().isPresent()) {
            return prompt;
        }
        return new Prompt.Messages(chat.messages(), chat.tools().stream().filter(tool -> tool.get("function") instanceof Map<?, ?> function
            && shape.allows(String.valueOf(function.get("name")))).toList(), chat.extra());
    }

    private static int[] tokens(final Prompt prompt, final Setting setting, final int[] opening) {
        final String field = prompt instanceof Prompt.Messages ? "messages" : "prompt";
        final int[] encoded = setting.model.encode(prompt);
        final int[] tokens = Arrays.copyOf(encoded, encoded.length + opening.length);
        System.arraycopy(opening, 0, tokens, encoded.length, opening.length);
        ModelSetting.check(tokens, field, setting.model, setting.descriptor);
        return tokens;
    }

    /** One prompt, and what its answers must look like. */
    private record Asked(int[] prompt, Optional<OutputGrammar> grammar, boolean conversation) {
    }

    private static ChoiceRun run(final ChatRequest request, final Setting setting, final Asked asked, final int choice) {
        final int[] prompt = asked.prompt;
        final int leftTokens = setting.descriptor.contextTokens() - prompt.length;
        final int outputTokensMax = Math.min(leftTokens, request.outputTokensMax().orElse(leftTokens));
        final int[] emitted = request.options().emittedTokens();
        final RequestId id = request.candidates() == 1 ? request.id() : new RequestId(request.id() + "-" + choice);
        final GenerationRequest generation = new GenerationRequest(id, request.tenant(), request.run(), request.model(),
            setting.chainRoot, prompt, emitted, Math.max(outputTokensMax, emitted.length + 1), setting.model.stopTokens(),
            sampling(request).withSeed(setting.seed).forChoice(choice)).withPriority(request.options().priority())
            .withAgent(request.run(), step(request));
        final GenerationRequest shaped = asked.grammar.map(generation::withGrammar).orElse(generation);
        return new ChoiceRun(choice, shaped, setting.model, request.options(), emitted.length >= outputTokensMax, asked.conversation);
    }

    /** All choices are one step: the request's. */
    private static AgentStep step(final ChatRequest request) {
        final AgentStep agent = request.options().context().agent();
        return agent.at(request.id().value(), agent.parentStep());
    }

    /** To choose among outputs, the probabilities of their tokens must be known. */
    private static SamplingParams sampling(final ChatRequest request) {
        final boolean isChosen = request.options().bestOf() > request.options().choices();
        return isChosen && !request.sampling().wantsLogprobs() ? request.sampling().withTopLogprobs(0) : request.sampling();
    }
}
