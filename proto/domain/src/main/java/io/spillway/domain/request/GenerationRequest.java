package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import java.util.List;
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
 * @param priority        higher goes first; 0 is usual. A level is worth some waiting, so nobody waits for ever
 * @param pooling         present: nothing is generated, the request ends with its prompt's hidden states as one vector
 * @param grammar         what the output must look like, {@code emittedTokens} included; empty: anything
 * @param predictedTokens what the caller believes that the output will say, for the speculator: changes no token of it. Often empty
 * @param agent           which step of which agent this is
 * @param retentions      beginnings of its tokens that should stay cached after its end
 */
public record GenerationRequest(
    RequestId id, TenantId tenant, Optional<RunId> run, ModelId model, BlockHash chainRoot, int[] promptTokens,
    int[] emittedTokens, int outputTokensMax, int[] stopTokens, SamplingParams sampling, int priority,
    Optional<Pooling> pooling, Optional<OutputGrammar> grammar, int[] predictedTokens, AgentStep agent,
    List<Retention> retentions) {

    /** Highest priority; the lowest is its negative. */
    public static final int PRIORITY_MAX = 100;
    /** Below all that a client may ask for: runs from idle capacity only, gives way at once and may wait without end. */
    public static final int IDLE_PRIORITY = -PRIORITY_MAX - 1;

    public GenerationRequest {
        requireNonNull(id, "id");
        requireNonNull(tenant, "tenant");
        requireNonNull(run, "run");
        requireNonNull(model, "model");
        requireNonNull(chainRoot, "chainRoot");
        requireNonNull(stopTokens, "stopTokens");
        requireNonNull(sampling, "sampling");
        requireNonNull(pooling, "pooling");
        requireNonNull(grammar, "grammar");
        requireNonNull(predictedTokens, "predictedTokens");
        requireNonNull(agent, "agent");
        retentions = List.copyOf(retentions);
        if (priority != IDLE_PRIORITY && Math.abs((long) priority) > PRIORITY_MAX) {
            throw SpillwayException.ofField(priority < 0 ? ErrorCode.BELOW_MINIMUM : ErrorCode.ABOVE_MAXIMUM, "priority",
                "priority must be between " + -PRIORITY_MAX + " and " + PRIORITY_MAX + ": " + priority);
        }
        if (pooling.isPresent() && emittedTokens.length > 0) {
            throw new IllegalArgumentException("a request for an embedding has no output to go on behind");
        }
        if (promptTokens.length == 0) {
            throw new IllegalArgumentException("promptTokens must hold at least one token");
        }
        if (outputTokensMax <= emittedTokens.length) {
            throw new IllegalArgumentException("outputTokensMax must leave room for at least one more token: "
                + outputTokensMax + " with " + emittedTokens.length + " emitted");
        }
    }

    /** A generation of the usual priority. */
    public GenerationRequest(
        final RequestId id, final TenantId tenant, final Optional<RunId> run, final ModelId model,
        final BlockHash chainRoot, final int[] promptTokens, final int[] emittedTokens, final int outputTokensMax,
        final int[] stopTokens, final SamplingParams sampling) {
        this(id, tenant, run, model, chainRoot, promptTokens, emittedTokens, outputTokensMax, stopTokens, sampling, 0,
            Optional.empty(), Optional.empty(), new int[0], AgentStep.NONE, List.of());
    }

    /** @return the same request, to be continued behind {@code emitted} */
    public GenerationRequest continuedFrom(final int[] emitted) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emitted, outputTokensMax, stopTokens,
            sampling, priority, pooling, grammar, predictedTokens, agent, retentions);
    }

    /** @return the same request with that priority */
    public GenerationRequest withPriority(final int newPriority) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emittedTokens, outputTokensMax,
            stopTokens, sampling, newPriority, pooling, grammar, predictedTokens, agent, retentions);
    }

    /** @return the same prompt, to be embedded */
    public GenerationRequest toEmbed(final Pooling how) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emittedTokens, outputTokensMax,
            stopTokens, sampling, priority, Optional.of(how), grammar, predictedTokens, agent, retentions);
    }

    /** @return the same request, whose output must look like that */
    public GenerationRequest withGrammar(final OutputGrammar shape) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emittedTokens, outputTokensMax,
            stopTokens, sampling, priority, pooling, Optional.of(shape), predictedTokens, agent, retentions);
    }

    /** @return the same request, whose output will perhaps say that. Handed over */
    public GenerationRequest withPrediction(final int[] tokens) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emittedTokens, outputTokensMax,
            stopTokens, sampling, priority, pooling, grammar, tokens, agent, retentions);
    }

    /** @return the same request, as that step of that run */
    public GenerationRequest withAgent(final Optional<RunId> ofRun, final AgentStep step) {
        return new GenerationRequest(id, tenant, ofRun, model, chainRoot, promptTokens, emittedTokens, outputTokensMax,
            stopTokens, sampling, priority, pooling, grammar, predictedTokens, step, retentions);
    }

    /** @return the same request, whose beginnings should be kept for so long */
    public GenerationRequest withRetentions(final List<Retention> kept) {
        return new GenerationRequest(id, tenant, run, model, chainRoot, promptTokens, emittedTokens, outputTokensMax,
            stopTokens, sampling, priority, pooling, grammar, predictedTokens, agent, kept);
    }

    /** @return whether it runs from idle capacity only */
    public boolean isIdle() {
        return priority == IDLE_PRIORITY;
    }

    /** @return tokens that must be in the KV cache before the next output token: prompt and emitted */
    public int knownTokens() {
        return promptTokens.length + emittedTokens.length;
    }
}
