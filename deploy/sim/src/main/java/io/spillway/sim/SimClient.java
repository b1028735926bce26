package io.spillway.sim;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import java.util.Set;
import java.util.function.Consumer;

/** One request and what its client sees: checked event by event against what the model would have said by itself. */
final class SimClient implements Consumer<GenerationEvent> {
    private static final Set<ErrorCode> UNDER_FAULTS = Set.of(
        ErrorCode.NODE_LOST, ErrorCode.NO_NODE, ErrorCode.OVERLOADED, ErrorCode.DEADLINE_EXCEEDED);

    private static final long CANCEL_NANOS = 10_000_000L;

    private final Simulation sim;
    private final GenerationRequest request;
    private final Model.Answer expected;
    private final boolean mustFinish;
    private SimCoordinator coordinator;
    private RequestLine.Submission submission;
    private int received;
    private boolean started;
    private boolean cancelled;
    private GenerationEvent terminal;

    /**
     * @param mustFinish whether nothing may excuse a failure
     */
    SimClient(final Simulation sim, final GenerationRequest request, final boolean mustFinish) {
        this.sim = sim;
        this.request = request;
        this.expected = Model.answer(request);
        this.mustFinish = mustFinish;
    }

    void submit(final SimCoordinator line) {
        coordinator = line;
        sim.world().note(request.id() + " goes to " + coordinator.name() + ", " + request.promptTokens().length + " tokens");
        submission = coordinator.core().submit(request, this);
    }

    void cancel() {
        if (terminal == null) {
            cancelled = true;
            sim.world().note(request.id() + " is cancelled");
            submission.cancel();
            sim.world().after(CANCEL_NANOS, "", () -> require(terminal != null, "it was cancelled and goes on"));
        }
    }

    boolean ended() {
        return terminal != null;
    }

    boolean finished() {
        return terminal instanceof GenerationEvent.Finished;
    }

    String name() {
        return request.id().value();
    }

    @Override
    public void accept(final GenerationEvent event) {
        require(terminal == null, "an event after the end: " + event);
        switch (event) {
            case GenerationEvent.Started _ -> {
                require(!started && received == 0, "it starts twice or late");
                started = true;
            }
            case GenerationEvent.TokenDelta delta -> onDelta(delta);
            case GenerationEvent.Embedded _ -> require(false, "an embedding nobody asked for");
            case GenerationEvent.Finished finished -> onFinished(finished);
            case GenerationEvent.Failed failed -> onFailed(failed);
        }
    }

    private void onDelta(final GenerationEvent.TokenDelta delta) {
        require(delta.firstIndex() == received, "token " + received + " is next, not " + delta.firstIndex());
        require(delta.tokens().length > 0, "a delta without tokens");
        for (final int token : delta.tokens()) {
            require(received < expected.tokens().length && expected.tokens()[received] == token,
                "token " + received + " is not what the model says");
            received++;
        }
        sim.world().note(request.id() + " has " + received + " tokens");
    }

    private void onFinished(final GenerationEvent.Finished finished) {
        terminal = finished;
        sim.world().note(request.id() + " is finished: " + finished.reason());
        require(received == expected.tokens().length, received + " of " + expected.tokens().length + " tokens came");
        require(finished.reason() == expected.reason(), "the reason is wrong: " + finished.reason());
        require(finished.usage().outputTokens() == received, "the usage is wrong: " + finished.usage());
        require(finished.usage().promptTokens() == request.promptTokens().length, "the usage is wrong: " + finished.usage());
    }

    private void onFailed(final GenerationEvent.Failed failed) {
        terminal = failed;
        sim.world().note(request.id() + " has failed: " + failed.code());
        final boolean modelExists = coordinator.hasSeen(request.model());
        final boolean excused = failed.code() == ErrorCode.CANCELLED ? cancelled
            : failed.code() == ErrorCode.MODEL_NOT_FOUND ? !modelExists
            : !modelExists || !mustFinish && UNDER_FAULTS.contains(failed.code());
        require(excused, "it must not fail: " + failed);
    }

    private void require(final boolean holds, final String broken) {
        if (!holds) {
            throw new AssertionError(request.id() + ": " + broken);
        }
    }
}
