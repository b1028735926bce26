package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import java.util.Optional;

/**
 * One generation, in tokens. Arrays are handed over: nobody may write to them afterwards.
 *
 * @param chainRoot       parent of the first block's hash: {@code BlockHasher.root} of model, layout and tenant secret
 * @param promptTokens    at least one
 * @param emittedTokens   output already delivered by an earlier attempt; generation continues behind it, and it counts
 *                        towards {@code outputTokensMax}, penalties and output positions. Empty for a new request
 * @param outputTokensMax most output tokens, {@code emittedTokens} included; at least one more than it holds
 * @param stopTokens      token ids that end the output; they are not part of it
 */
public record GenerationRequest(
    RequestId id, TenantId tenant, Optional<RunId> run, ModelId model, BlockHash chainRoot, int[] promptTokens,
    int[] emittedTokens, int outputTokensMax, int[] stopTokens, SamplingParams sampling) {

    public GenerationRequest {
        requireNonNull(id, "id");
        requireNonNull(tenant, "tenant");
        requireNonNull(run, "run");
        requireNonNull(model, "model");
        requireNonNull(chainRoot, "chainRoot");
        requireNonNull(stopTokens, "stopTokens");
        requireNonNull(sampling, "sampling");
        if (promptTokens.length == 0) {
            throw new IllegalArgumentException("promptTokens must hold at least one token");
        }
        if (outputTokensMax <= emittedTokens.length) {
            throw new IllegalArgumentException("outputTokensMax must leave room for at least one more token: "
                + outputTokensMax + " with " + emittedTokens.length + " emitted");
        }
    }

    /** @return the same request, to be continued behind {@code emitted} */
    public GenerationRequest continuedFrom(final int[] emitted) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emitted, outputTokensMax, stopTokens,
            sampling);
    }

    /** @return tokens that must be in the KV cache before the next output token: prompt and emitted */
    public int knownTokens() {
        return promptTokens.length + emittedTokens.length;
    }
}
