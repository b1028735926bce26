package io.spillway.sim;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import java.util.function.Consumer;

/** The connection that one attempt's events come over: from an engine to a coordinator's port, in order, until it breaks. */
final class Stream {
    private final Simulation sim;
    private final SimCoordinator coordinator;
    private final String engine;
    private final GenerationRequest request;
    private final Consumer<GenerationEvent> listener;
    private boolean broken;
    private boolean ended;

    Stream(final Simulation sim, final SimCoordinator coordinator, final String engine, final GenerationRequest request,
        final Consumer<GenerationEvent> listener) {
        this.sim = sim;
        this.coordinator = coordinator;
        this.engine = engine;
        this.request = request;
        this.listener = listener;
    }

    GenerationRequest request() {
        return request;
    }

    String engine() {
        return engine;
    }

    SimCoordinator coordinator() {
        return coordinator;
    }

    boolean ended() {
        return ended;
    }

    /** The engine sends an event. */
    void emit(final GenerationEvent event) {
        sim.network().stream(engine, coordinator.name(), "", () -> deliver(event));
        if (event instanceof GenerationEvent.TokenDelta && sim.world().chance(sim.swarm().repeats())) {
            sim.network().stream(engine, coordinator.name(), "", () -> deliver(event));
        }
    }

    /** The connection is gone: nothing more comes over it, though nobody may have noticed yet. */
    void snap() {
        broken = true;
    }

    /** The coordinator's side notices that the connection is gone. */
    void fail(final String why) {
        if (!ended) {
            ended = true;
            listener.accept(new GenerationEvent.Failed(ErrorCode.NODE_LOST, why));
        }
    }

    private void deliver(final GenerationEvent event) {
        // A real port delivers nothing behind the end; a late event all the same must do no harm.
        if (broken && !ended || ended && !sim.world().chance(sim.swarm().lateEvents())) {
            return;
        }
        ended |= event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed;
        listener.accept(event);
    }
}
