package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Flight;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.time.NanoClock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A coordinator, seen from other threads: everything here may be called by any thread, never blocks and takes effect when the
 * {@link #agent()} runs next.
 */
public final class Coordinator implements RequestLine {
    private final AdmissionInbox inbox;
    private final AdmissionAgent agent;
    private final Runnable wakeup;
    private final NanoClock clock;
    /** Models of the newest view, to name a prompt's blocks on the submitting thread rather than on the agent's. */
    private volatile Map<ModelId, ModelDescriptor> models = Map.of();

    /**
     * A coordinator that knows no members yet.
     *
     * @param port  sends requests to nodes
     * @param hooks whom to call
     */
    public Coordinator(
        final AdmissionConfig config, final NodePort port, final CoordinatorHooks hooks, final NanoClock clock) {
        this.inbox = new AdmissionInbox(config.queues());
        this.agent = new AdmissionAgent(config, port, hooks, inbox, clock);
        this.wakeup = hooks.wakeup();
        this.clock = clock;
    }

    /** @return the duty cycle, to be run by one thread */
    public AdmissionAgent agent() {
        return agent;
    }

    /** {@inheritDoc} A refusal at the door (the agent too far behind, or closed) comes on this thread, before the return. */
    @Override
    public Submission submit(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        return submit(request, Optional.ofNullable(models.get(request.model())).map(model -> AdmissionAgent.chain(model, request)), listener);
    }

    /** {@inheritDoc} A chain whose length is not the prompt's in blocks of the model is made anew. */
    @Override
    public Submission submit(final GenerationRequest request, final List<BlockHash> chain, final Consumer<GenerationEvent> listener) {
        final ModelDescriptor model = models.get(request.model());
        return model != null && request.promptTokens().length / model.layout().blockTokens() == chain.size()
            ? submit(request, Optional.of(chain), listener) : submit(request, listener);
    }

    private Submission submit(
        final GenerationRequest request, final Optional<List<BlockHash>> chain, final Consumer<GenerationEvent> listener) {
        final Flight flight = new Flight(request, listener, chain, clock.nanoTime());
        if (inbox.submit(flight)) {
            wakeup.run();
        } else {
            // Nobody will look at it again, so a cancel must not bring it back.
            flight.askCancel();
            listener.accept(inbox.closed()
                ? new GenerationEvent.Failed(ErrorCode.DRAINING, "the coordinator is shutting down")
                : new GenerationEvent.Failed(ErrorCode.OVERLOADED, "too many requests arrive at once"));
        }
        return new LineSubmission(flight);
    }

    /** Takes KV events of a member. When events are missing before them, the resync hook asks the member for a snapshot. */
    public void onKvEvents(final KvEventBatch batch) {
        inbox.onKvEvents(new Feedback.KvEvents(batch));
        wakeup.run();
    }

    /** Takes a load report. One of another epoch than the view's is dropped; the next will fit. */
    public void onLoad(final NodeLoad load) {
        inbox.onLoad(new Feedback.Load(load));
        wakeup.run();
    }

    /** Takes a view of the cluster; an older one than the last is ignored. */
    public void onView(final ClusterView newView) {
        models = newView.models().stream().collect(Collectors.toUnmodifiableMap(ModelDescriptor::id, model -> model));
        inbox.onView(newView);
        wakeup.run();
    }

    /** @return statistics as of the agent's last tick */
    public CoordinatorStats stats() {
        return agent.stats();
    }

    private final class LineSubmission implements Submission {
        private final Flight flight;

        private LineSubmission(final Flight flight) {
            this.flight = flight;
        }

        @Override
        public void cancel() {
            if (flight.askCancel()) {
                inbox.cancels.add(flight);
                wakeup.run();
            }
        }

        @Override
        public String placement() {
            return flight.placement();
        }
    }
}
