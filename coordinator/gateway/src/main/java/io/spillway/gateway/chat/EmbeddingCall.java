package io.spillway.gateway.chat;

import io.spillway.coordinator.admission.RequestLine.Submission;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Inputs on their way to becoming vectors, a few at a time. {@link #run} belongs to one thread; {@link #cancel} may come from
 * any.
 */
public final class EmbeddingCall {
    /** Inputs of one call that are in the line at one time: a long list must not fill it. */
    private static final int IN_FLIGHT_MAX = 16;

    private final EmbeddingRequest request;
    private final ChatService.Parts parts;
    private final Map<ModelId, ModelDescriptor> seen;
    private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>(); // a few events per input, so bounded
    private final List<Submission> submissions = new ArrayList<>(); // the running thread's
    private volatile boolean cancelled;

    /** One event of one input; a mere wake-up when {@code event} is null. */
    private record Signal(int input, GenerationEvent event) {
    }

    EmbeddingCall(
        final EmbeddingRequest request, final ChatService.Parts parts, final Map<ModelId, ModelDescriptor> seen) {
        this.request = request;
        this.parts = parts;
        this.seen = seen;
    }

    /** Makes {@link #run} fail with {@code CANCELLED}. Idempotent; any thread; does not block. */
    public void cancel() {
        cancelled = true;
        signals.add(new Signal(-1, null));
    }

    /**
     * Runs the request to its end. Call once.
     *
     * @throws SpillwayException when an input is refused or fails; the others are cancelled then
     */
    public Embeddings run() {
        final long startNanos = parts.clock().nanoTime();
        final List<ChatUsage> usages = new ArrayList<>();
        try {
            parts.admit(request.tenant());
            final float[][] vectors = vectors(plan(), usages);
            parts.settle(request.tenant(), sum(usages).usage());
            parts.observer().onEnd(
                request.model(), sum(usages), Optional.empty(), parts.clock().nanoTime() - startNanos);
            return new Embeddings(List.of(vectors), sum(usages));
        } catch (final SpillwayException e) {
            submissions.forEach(Submission::cancel);
            parts.observer().onEnd(
                request.model(), sum(usages), Optional.of(e.code()), parts.clock().nanoTime() - startNanos);
            throw e;
        }
    }

    private List<GenerationRequest> plan() {
        final ModelSetting setting = ModelSetting.find(parts, seen, request.model(), request.tenant());
        final List<GenerationRequest> inputs = new ArrayList<>();
        for (final Prompt input : request.inputs()) {
            final int[] tokens = setting.model().encode(input);
            ModelSetting.check(tokens, request.inputs().size() == 1 ? "input" : "input[" + inputs.size() + "]",
                setting.model(), setting.descriptor());
            final GenerationRequest plain = new GenerationRequest(new RequestId(request.id() + "-" + inputs.size()),
                request.tenant(), request.run(), request.model(), setting.chainRoot(), tokens, new int[0], 1, new int[0],
                SamplingParams.GREEDY);
            inputs.add(plain.withPriority(request.priority()).toEmbed(request.pooling()));
        }
        return inputs;
    }

    private float[][] vectors(final List<GenerationRequest> inputs, final List<ChatUsage> usages) {
        final float[][] vectors = new float[inputs.size()][];
        while (usages.size() < inputs.size()) {
            while (submissions.size() < Math.min(inputs.size(), usages.size() + IN_FLIGHT_MAX)) {
                submit(inputs.get(submissions.size()));
            }
            final Signal signal = next();
            switch (signal.event()) {
                case GenerationEvent.Embedded embedded -> vectors[signal.input()] = embedded.vector();
                case GenerationEvent.Finished finished -> usages.add(usage(signal.input(), finished));
                case GenerationEvent.Failed failed -> throw new SpillwayException(failed.code(), failed.detail());
                case GenerationEvent.TokenDelta _ ->
                    throw new SpillwayException(ErrorCode.INTERNAL, "an embedding has no tokens");
                case GenerationEvent.Started _ -> { }
            }
        }
        if (Arrays.asList(vectors).contains(null)) {
            throw new SpillwayException(ErrorCode.INTERNAL, "an input ended without a vector");
        }
        return vectors;
    }

    private void submit(final GenerationRequest input) {
        final int number = submissions.size();
        submissions.add(parts.line().submit(input, event -> signals.add(new Signal(number, event))));
    }

    private Signal next() {
        try {
            final Signal signal = signals.take();
            if (cancelled) {
                throw new SpillwayException(ErrorCode.CANCELLED, "The request was cancelled");
            }
            return signal;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SpillwayException(ErrorCode.CANCELLED, "The thread of the request was interrupted", e);
        }
    }

    private ChatUsage usage(final int input, final GenerationEvent.Finished finished) {
        return new ChatUsage(finished.usage(), 0, parts.tariff().applyAsLong(request.model(), finished.usage()),
            submissions.get(input).placement());
    }

    private static ChatUsage sum(final List<ChatUsage> usages) {
        return usages.stream().reduce(ChatUsage.NONE, ChatUsage::plus);
    }
}
