package io.spillway.gateway.chat;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.TenantSecret;
import java.util.Map;
import java.util.Optional;

/**
 * What a tenant's prompts for a model need.
 *
 * @param chainRoot what the first block's hash follows
 */
record ModelSetting(ChatModel model, ModelDescriptor descriptor, BlockHash chainRoot) {
    /**
     * @param seen models that were served at some time; concurrent, kept up to date here
     * @throws SpillwayException MODEL_NOT_FOUND, NO_NODE when none has served it yet
     */
    static ModelSetting find(
        final ChatService.Parts parts, final Map<ModelId, ModelDescriptor> seen, final ModelId id, final TenantId tenant) {
        final ClusterView view = parts.view().get();
        view.model(id).ifPresent(now -> seen.put(now.id(), now));
        final Optional<ModelDescriptor> descriptor = Optional.ofNullable(seen.get(id));
        final Optional<ChatModel> model = parts.models().apply(id);
        if (model.isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.MODEL_NOT_FOUND, "model",
                "The model `" + id + "` does not exist or you do not have access to it.");
        }
        if (descriptor.isEmpty()) {
            throw new SpillwayException(ErrorCode.NO_NODE, "No node has served the model `" + id + "` yet; try again");
        }
        final TenantSecret secret = view.secrets().get(tenant);
        if (secret == null) {
            throw new SpillwayException(ErrorCode.INTERNAL, "tenant " + tenant + " has no secret");
        }
        return new ModelSetting(model.get(), descriptor.get(),
            BlockHasher.root(descriptor.get().fingerprint(), descriptor.get().layout(), secret));
    }

    /** @throws SpillwayException naming {@code field}, when the tokens cannot be a prompt of the model */
    static void check(final int[] tokens, final String field, final ChatModel model, final ModelDescriptor descriptor) {
        if (tokens.length == 0) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, field, "The prompt is empty");
        }
        for (final int token : tokens) {
            if (token < 0 || token >= model.vocabularySize()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, field,
                    "Token id " + token + " is not in the model's vocabulary of " + model.vocabularySize());
            }
        }
        final int contextTokens = descriptor.contextTokens();
        if (tokens.length >= contextTokens) {
            throw new ContextLimit(tokens.length, contextTokens).refusal(field);
        }
    }
}
