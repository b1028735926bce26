package io.spillway.gateway.chat;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.TenantSecret;
import io.spillway.domain.request.GenerationRequest;
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

    /** What all choices of a request share. */
    private record Setting(ChatModel model, ModelDescriptor descriptor, BlockHash chainRoot, long seed) {
    }

    /** @param seen models that were served at some time; concurrent, kept up to date here */
    ChatPlanner(final ChatService.Parts parts, final Map<ModelId, ModelDescriptor> seen, final LongSupplier randomSeed) {
        this.parts = parts;
        this.seen = seen;
        this.randomSeed = randomSeed;
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
            final int[] opening = request.options().demand().flatMap(setting.model::callOpening).orElse(new int[0]);
            final int[] tokens = tokens(prompt, setting, opening);
            for (int choice = 0; choice < request.options().choices(); choice++) {
                runs.add(run(request, setting, tokens, runs.size()));
                runs.getLast().open(opening);
            }
        }
        return runs;
    }

    private Setting setting(final ChatRequest request) {
        final ClusterView view = parts.view().get();
        view.model(request.model()).ifPresent(now -> seen.put(now.id(), now));
        final Optional<ModelDescriptor> descriptor = Optional.ofNullable(seen.get(request.model()));
        final Optional<ChatModel> model = parts.models().apply(request.model());
        if (model.isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.MODEL_NOT_FOUND, "model",
                "The model `" + request.model() + "` does not exist or you do not have access to it.");
        }
        if (descriptor.isEmpty()) {
            throw new SpillwayException(ErrorCode.NO_NODE, "No node has served the model `" + request.model() + "` yet; try again");
        }
        final TenantSecret secret = view.secrets().get(request.tenant());
        if (secret == null) {
            throw new SpillwayException(ErrorCode.INTERNAL, "tenant " + request.tenant() + " has no secret");
        }
        final BlockHash root = BlockHasher.root(descriptor.get().fingerprint(), descriptor.get().layout(), secret);
        return new Setting(model.get(), descriptor.get(), root, request.seed().orElseGet(randomSeed));
    }

    private static void checkBias(final ChatRequest request, final ChatModel model) {
        for (final int token : request.sampling().logitBias().keySet()) {
            if (token < 0 || token >= model.vocabularySize()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "logit_bias",
                    "Token id " + token + " is not in the model's vocabulary of " + model.vocabularySize());
            }
        }
    }

    private static int[] tokens(final Prompt prompt, final Setting setting, final int[] opening) {
        final String field = prompt instanceof Prompt.Messages ? "messages" : "prompt";
        final int[] encoded = setting.model.encode(prompt);
        final int[] tokens = Arrays.copyOf(encoded, encoded.length + opening.length);
        System.arraycopy(opening, 0, tokens, encoded.length, opening.length);
        if (tokens.length == 0) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, field, "The prompt is empty");
        }
        for (final int token : tokens) {
            if (token < 0 || token >= setting.model.vocabularySize()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, field,
                    "Token id " + token + " is not in the model's vocabulary of " + setting.model.vocabularySize());
            }
        }
        final int contextTokens = setting.descriptor.contextTokens();
        if (tokens.length >= contextTokens) {
            throw SpillwayException.ofField(ErrorCode.CONTEXT_LENGTH_EXCEEDED, field,
                "This model's maximum context length is " + contextTokens + " tokens. However, your " + field
                    + " resulted in " + tokens.length + " tokens. Please reduce the length of the " + field + ".");
        }
        return tokens;
    }

    private static ChoiceRun run(final ChatRequest request, final Setting setting, final int[] prompt, final int choice) {
        final int leftTokens = setting.descriptor.contextTokens() - prompt.length;
        final int outputTokensMax = Math.min(leftTokens, request.outputTokensMax().orElse(leftTokens));
        final int[] emitted = request.options().emittedTokens();
        final RequestId id = request.outputs() == 1 ? request.id() : new RequestId(request.id() + "-" + choice);
        final GenerationRequest generation = new GenerationRequest(id, request.tenant(), request.run(), request.model(),
            setting.chainRoot, prompt, emitted, Math.max(outputTokensMax, emitted.length + 1), setting.model.stopTokens(),
            request.sampling().withSeed(setting.seed + choice));
        return new ChoiceRun(choice, generation, setting.model, request.options(), emitted.length >= outputTokensMax);
    }
}
