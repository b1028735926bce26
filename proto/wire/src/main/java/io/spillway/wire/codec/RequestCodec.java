package io.spillway.wire.codec;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.AgentStep;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.OutputGrammar;
import io.spillway.domain.request.Pooling;
import io.spillway.domain.request.Retention;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.domain.request.Usage;
import io.spillway.wire.v1.GenerateRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Requests and what becomes of them. */
public final class RequestCodec {
    private RequestCodec() {
    }

    /** @param epoch registration epoch of the addressed node; 0 = the node shall not check */
    public static GenerateRequest toWire(final GenerationRequest request, final long epoch) {
        final var builder = GenerateRequest.newBuilder().setId(request.id().value())
            .setTenant(request.tenant().value()).setModel(request.model().value())
            .setChainRoot(KvCodec.toWire(request.chainRoot())).setOutputTokensMax(request.outputTokensMax())
            .setSampling(toWire(request.sampling())).setEpoch(epoch)
            .setPriority(request.priority()).setPooling(request.pooling().map(Pooling::number).orElse(0));
        request.run().ifPresent(run -> builder.setRun(run.value()));
        request.grammar().ifPresent(grammar -> builder.setGrammarKind(grammar.kind()).setGrammarText(grammar.text()));
        addAll(request.promptTokens(), builder::addPromptTokens);
        addAll(request.emittedTokens(), builder::addEmittedTokens);
        addAll(request.stopTokens(), builder::addStopTokens);
        addAll(request.predictedTokens(), builder::addPredictedTokens);
        if (!request.agent().equals(AgentStep.NONE)) {
            builder.setAgent(toWire(request.agent()));
        }
        request.retentions().forEach(retention -> builder.addRetentions(
            io.spillway.wire.v1.Retention.newBuilder().setTokens(retention.tokens()).setTtlMillis(retention.ttlMillis())));
        return builder.build();
    }

    public static GenerationRequest toDomain(final GenerateRequest request) {
        return new GenerationRequest(new RequestId(request.getId()), new TenantId(request.getTenant()),
            request.hasRun() ? Optional.of(new RunId(request.getRun())) : Optional.empty(),
            new ModelId(request.getModel()), KvCodec.toDomain(request.getChainRoot()),
            toArray(request.getPromptTokensList()), toArray(request.getEmittedTokensList()),
            request.getOutputTokensMax(), toArray(request.getStopTokensList()), toDomain(request.getSampling()),
            request.getPriority(),
            request.getPooling() == 0 ? Optional.empty() : Optional.of(Pooling.ofNumber(request.getPooling())),
            request.hasGrammarKind() ? Optional.of(new OutputGrammar(request.getGrammarKind(), request.getGrammarText())) : Optional.empty(),
            toArray(request.getPredictedTokensList()), toDomain(request.getAgent()), request.getRetentionsList().stream()
                .map(retention -> new Retention(retention.getTokens(), retention.getTtlMillis())).toList());
    }

    private static io.spillway.wire.v1.AgentStep toWire(final AgentStep step) {
        return io.spillway.wire.v1.AgentStep.newBuilder().setSession(step.session()).setAgent(step.agent())
            .setParentAgent(step.parentAgent()).setStep(step.step()).setParentStep(step.parentStep()).build();
    }

    private static AgentStep toDomain(final io.spillway.wire.v1.AgentStep step) {
        return new AgentStep(step.getSession(), step.getAgent(), step.getParentAgent(), step.getStep(), step.getParentStep());
    }

    public static io.spillway.wire.v1.SamplingParams toWire(final SamplingParams params) {
        return io.spillway.wire.v1.SamplingParams.newBuilder().setTemperature(params.temperature())
            .setTopK(params.topK()).setTopP(params.topP()).setMinP(params.minP())
            .setPresencePenalty(params.presencePenalty()).setFrequencyPenalty(params.frequencyPenalty())
            .setRepetitionPenalty(params.repetitionPenalty()).putAllLogitBias(params.logitBias())
            .setSeed(params.seed()).setTopLogprobs(params.topLogprobs()).setTypicalP(params.typicalP())
            .setRepetitionWindowTokens(params.repetitionWindowTokens()).build();
    }

    public static SamplingParams toDomain(final io.spillway.wire.v1.SamplingParams params) {
        return new SamplingParams(params.getTemperature(), params.getTopK(), params.getTopP(), params.getMinP(),
            params.hasTypicalP() ? params.getTypicalP() : 1f, params.getPresencePenalty(),
            params.getFrequencyPenalty(), params.getRepetitionPenalty(), params.getRepetitionWindowTokens(),
            params.getLogitBiasMap(), params.getSeed(), params.getTopLogprobs());
    }

    public static io.spillway.wire.v1.GenerationEvent toWire(final GenerationEvent event) {
        final var builder = io.spillway.wire.v1.GenerationEvent.newBuilder();
        switch (event) {
            case GenerationEvent.Started(PrefillSources sources) -> builder.setStarted(toWire(sources));
            case GenerationEvent.TokenDelta delta -> builder.setDelta(toWire(delta));
            case GenerationEvent.Embedded embedded -> builder.setEmbedded(toWire(embedded));
            case GenerationEvent.Finished(FinishReason reason, Usage usage) -> builder.getFinishedBuilder()
                .setReason(reason.number()).setUsage(toWire(usage));
            case GenerationEvent.Failed(ErrorCode code, String detail) -> builder.getFailedBuilder()
                .setCode(code.number()).setDetail(detail);
        }
        return builder.build();
    }

    /** @throws IllegalArgumentException for an event kind that this version does not know */
    public static GenerationEvent toDomain(final io.spillway.wire.v1.GenerationEvent event) {
        return switch (event.getEventCase()) {
            case STARTED -> new GenerationEvent.Started(toDomain(event.getStarted()));
            case DELTA -> toDomain(event.getDelta());
            case EMBEDDED -> new GenerationEvent.Embedded(toArray(event.getEmbedded()));
            case FINISHED -> new GenerationEvent.Finished(
                FinishReason.ofNumber(event.getFinished().getReason()), toDomain(event.getFinished().getUsage()));
            case FAILED -> new GenerationEvent.Failed(
                ErrorCode.ofNumber(event.getFailed().getCode()), event.getFailed().getDetail());
            case EVENT_NOT_SET -> throw new IllegalArgumentException("unknown generation event");
        };
    }

    public static io.spillway.wire.v1.Usage toWire(final Usage usage) {
        return io.spillway.wire.v1.Usage.newBuilder().setPromptTokens(usage.promptTokens())
            .setCachedTokens(usage.cachedTokens()).setOutputTokens(usage.outputTokens())
            .setSources(toWire(usage.sources())).build();
    }

    public static Usage toDomain(final io.spillway.wire.v1.Usage usage) {
        return new Usage(usage.getPromptTokens(), usage.getCachedTokens(), usage.getOutputTokens(),
            toDomain(usage.getSources()));
    }

    private static io.spillway.wire.v1.GenerationEvent.TokenDelta toWire(final GenerationEvent.TokenDelta delta) {
        final var builder = io.spillway.wire.v1.GenerationEvent.TokenDelta.newBuilder()
            .setFirstIndex(delta.firstIndex());
        addAll(delta.tokens(), builder::addTokens);
        for (final TokenLogprob logprob : delta.logprobs()) {
            final var one = builder.addLogprobsBuilder().setTokenId(logprob.tokenId()).setLogprob(logprob.logprob());
            logprob.top().forEach(
                top -> one.addTopBuilder().setTokenId(top.tokenId()).setLogprob(top.logprob()));
        }
        return builder.build();
    }

    private static GenerationEvent.TokenDelta toDomain(final io.spillway.wire.v1.GenerationEvent.TokenDelta delta) {
        final List<TokenLogprob> logprobs = new ArrayList<>(delta.getLogprobsCount());
        for (final io.spillway.wire.v1.TokenLogprob logprob : delta.getLogprobsList()) {
            logprobs.add(new TokenLogprob(logprob.getTokenId(), logprob.getLogprob(), logprob.getTopList().stream()
                .map(top -> new TokenLogprob.Alternative(top.getTokenId(), top.getLogprob())).toList()));
        }
        return new GenerationEvent.TokenDelta(delta.getFirstIndex(), toArray(delta.getTokensList()), logprobs);
    }

    private static io.spillway.wire.v1.PrefillSources toWire(final PrefillSources sources) {
        return io.spillway.wire.v1.PrefillSources.newBuilder().setDeviceTokens(sources.deviceTokens())
            .setHostTokens(sources.hostTokens()).setRemoteTokens(sources.remoteTokens())
            .setDiskTokens(sources.diskTokens()).setComputedTokens(sources.computedTokens()).build();
    }

    private static PrefillSources toDomain(final io.spillway.wire.v1.PrefillSources sources) {
        return new PrefillSources(sources.getDeviceTokens(), sources.getHostTokens(), sources.getRemoteTokens(),
            sources.getDiskTokens(), sources.getComputedTokens());
    }

    /** @return a new array with the list's numbers */
    public static int[] toArray(final List<Integer> numbers) {
        final int[] array = new int[numbers.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = numbers.get(i);
        }
        return array;
    }

    private static io.spillway.wire.v1.GenerationEvent.Embedded toWire(final GenerationEvent.Embedded embedded) {
        final var builder = io.spillway.wire.v1.GenerationEvent.Embedded.newBuilder();
        for (final float element : embedded.vector()) {
            builder.addVector(element);
        }
        return builder.build();
    }

    private static float[] toArray(final io.spillway.wire.v1.GenerationEvent.Embedded embedded) {
        final float[] vector = new float[embedded.getVectorCount()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = embedded.getVector(i);
        }
        return vector;
    }

    private static void addAll(final int[] numbers, final java.util.function.IntConsumer sink) {
        for (final int number : numbers) {
            sink.accept(number);
        }
    }
}
