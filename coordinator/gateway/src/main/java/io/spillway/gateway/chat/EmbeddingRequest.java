package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.Pooling;
import java.util.List;
import java.util.Optional;

/**
 * Texts to be made vectors of.
 *
 * @param inputs   at least one, no conversations
 * @param priority higher goes first; 0 is usual
 */
public record EmbeddingRequest(
    RequestId id, TenantId tenant, Optional<RunId> run, ModelId model, List<Prompt> inputs, Pooling pooling, int priority) {
    public EmbeddingRequest {
        requireNonNull(id, "id");
        requireNonNull(tenant, "tenant");
        requireNonNull(run, "run");
        requireNonNull(model, "model");
        requireNonNull(pooling, "pooling");
        inputs = List.copyOf(inputs);
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("a request needs an input");
        }
    }
}
