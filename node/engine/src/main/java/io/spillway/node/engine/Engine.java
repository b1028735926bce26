package io.spillway.node.engine;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.node.sampling.TokenConstraint;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.agrona.concurrent.AgentRunner;

/**
 * One model on one device, as the rest of the node sees it. All methods may be called from any thread; none blocks but
 * {@link #close()}.
 *
 * <p>Every submitted request ends exactly once, with {@code Finished} or {@code Failed}. Listeners run on the engine
 * thread (a refusal: on the caller's) and must be quick; one that throws ends its own request only.
 */
public final class Engine implements AutoCloseable {
    private static final int CONTROL_COMMANDS_MAX = 64;

    private final EngineConfig config;
    private final BlockStore store;
    private final ConstraintSource constraints;
    private final int vocabularySize;
    private final boolean embeds;
    private final LiveRequests liveRequests;
    private final EngineAgent agent;
    private volatile boolean draining;
    private AgentRunner runner;

    /** @param parts borrowed until {@link #close()} has returned */
    public Engine(final EngineConfig config, final EngineParts parts) {
        if (parts.layout().blockTokens() != config.blockTokens()) {
            throw invalid("blockTokens", "the layout's blocks have " + parts.layout().blockTokens() + " tokens");
        }
        if (config.contextTokens() > parts.device().contextTokens()) {
            throw invalid("contextTokens", "the model has positions for " + parts.device().contextTokens());
        }
        this.config = config;
        store = parts.store();
        constraints = parts.constraints();
        vocabularySize = parts.device().vocabularySize();
        embeds = parts.device().hiddenSize() > 0;
        final int liveMax = config.queueMax() + config.runningMax();
        liveRequests = new LiveRequests(liveMax);
        agent = new EngineAgent(config, parts, liveRequests, liveMax + CONTROL_COMMANDS_MAX);
    }

    /**
     * Starts the engine thread. Once.
     *
     * @param errors told of a defect that stopped the engine, on the engine thread
     */
    public void start(final Consumer<Throwable> errors) {
        if (runner != null) {
            throw new IllegalStateException("the engine was started already");
        }
        runner = new AgentRunner(agent.idleStrategy(), errors::accept, null, agent);
        AgentRunner.startOnThread(runner);
    }

    /**
     * Takes a request, or refuses it through the listener: {@code CONTEXT_LENGTH_EXCEEDED}, {@code INVALID_VALUE},
     * {@code ALREADY_EXISTS} (a live request has this id), {@code OVERLOADED}, {@code DRAINING}.
     *
     * @param listener told what happens, in order
     */
    public void submit(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        final GenerationEvent.Failed refusal = check(request);
        if (refusal != null) {
            listener.accept(refusal);
            return;
        }
        final TokenConstraint constraint;
        try {
            constraint = constraints.continued(request);
        } catch (final SpillwayException e) {
            listener.accept(new GenerationEvent.Failed(e.code(), e.getMessage()));
            return;
        }
        final LiveRequest live = new LiveRequest(request, constraint, listener);
        switch (liveRequests.enter(live)) {
            case FULL -> listener.accept(new GenerationEvent.Failed(
                ErrorCode.OVERLOADED, "the engine's queue of " + config.queueMax() + " requests is full"));
            case DUPLICATE -> listener.accept(new GenerationEvent.Failed(
                ErrorCode.ALREADY_EXISTS, "request " + request.id() + " is running already"));
            case ACCEPTED -> hand(live);
        }
    }

    /** Asks that a request ends soon with {@code Failed(CANCELLED)}. @return whether it is live */
    public boolean cancel(final RequestId id) {
        final boolean isLive = liveRequests.cancel(id);
        agent.wake();
        return isLive;
    }

    /** Refuses new requests from now on. @return completes when the last one has ended and blocks are offloaded */
    public CompletableFuture<Void> drain() {
        draining = true;
        final CompletableFuture<Void> drained = new CompletableFuture<>();
        return control(new EngineCommand.Drain(drained), drained);
    }

    /**
     * @return every block on the device, parents first, as of a moment between two KV events; answered by the engine
     * thread
     */
    public CompletableFuture<List<KvEvent.BlockStored>> heldBlocks() {
        final CompletableFuture<List<KvEvent.BlockStored>> held = new CompletableFuture<>();
        return control(new EngineCommand.Snapshot(held), held);
    }

    /** @return what the engine is doing, as a report of node {@code id} in {@code epoch} */
    public NodeLoad load(final NodeId id, final long epoch) {
        final EngineLoad load = agent.load();
        final int queued = Math.max(0, liveRequests.count() - load.active());
        return new NodeLoad(id, epoch, queued, load.active(), load.prefillTokens(), load.freeBlocks(),
            load.cachedBlocks(), load.leasedBlocks(), load.prefillTokensPerSecond(), load.decodeStepNanos(),
            load.onboardBytesPerSecond(), store.tierUse(), agent.counters().stepTotals());
    }

    /** @return totals since the start */
    public EngineCounters counters() {
        return agent.counters();
    }

    /** @return limits of this engine */
    public EngineConfig config() {
        return config;
    }

    /** @return whether it takes requests: neither draining nor stopped */
    public boolean serving() {
        return !draining && !agent.closed();
    }

    /**
     * Ends live requests with {@code Failed(DRAINING)} and stops the engine thread. Afterwards nothing reads or writes
     * the slab, unless the error given to {@link #start} says otherwise. Idempotent.
     */
    @Override
    public void close() {
        draining = true;
        if (runner == null) {
            if (!agent.closed()) {
                agent.onClose();
            }
            return;
        }
        agent.wake();
        runner.close();
    }

    /** For tests that step the engine themselves instead of starting its thread. */
    EngineAgent agent() {
        return agent;
    }

    private void hand(final LiveRequest live) {
        final GenerationRequest request = live.request();
        final int[] known = java.util.Arrays.copyOf(request.promptTokens(), request.knownTokens());
        System.arraycopy(
            request.emittedTokens(), 0, known, request.promptTokens().length, request.emittedTokens().length);
        final EngineCommand.Submit submit = new EngineCommand.Submit(live, BlockHasher.chain(
            request.chainRoot(), known, 0, known.length, config.blockTokens()));
        final boolean isQueued = agent.offer(submit);
        if (!isQueued || agent.closed()) {
            // Nobody may be there any more to take it from the queue.
            endOnThisThread(live, isQueued ? ErrorCode.DRAINING : ErrorCode.OVERLOADED);
        }
    }

    private void endOnThisThread(final LiveRequest live, final ErrorCode code) {
        if (live.end()) {
            liveRequests.leave(live);
            live.listener().accept(new GenerationEvent.Failed(code, "the engine does not take requests now"));
        }
    }

    private <T> CompletableFuture<T> control(final EngineCommand command, final CompletableFuture<T> answer) {
        if (!agent.offer(command) || agent.closed()) {
            answer.completeExceptionally(
                new SpillwayException(ErrorCode.OVERLOADED, "the engine does not take commands now"));
        }
        return answer;
    }

    private GenerationEvent.Failed check(final GenerationRequest request) {
        if (!serving()) {
            return new GenerationEvent.Failed(ErrorCode.DRAINING, "the engine is shutting down");
        }
        if (request.promptTokens().length >= config.contextTokens()) {
            return new GenerationEvent.Failed(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "a prompt of "
                + request.promptTokens().length + " tokens leaves no room in a context of " + config.contextTokens());
        }
        if (!areTokens(request.promptTokens()) || !areTokens(request.emittedTokens())) {
            return new GenerationEvent.Failed(
                ErrorCode.INVALID_VALUE, "a token id is not in the vocabulary of " + vocabularySize);
        }
        if (request.pooling().isPresent() && !embeds) {
            return new GenerationEvent.Failed(ErrorCode.UNSUPPORTED, "this node's model gives no embeddings");
        }
        for (final Map.Entry<Integer, Float> bias : request.sampling().logitBias().entrySet()) {
            final boolean isToken = bias.getKey() >= 0 && bias.getKey() < vocabularySize;
            if (!isToken || !Float.isFinite(bias.getValue())) {
                return new GenerationEvent.Failed(ErrorCode.INVALID_VALUE,
                    "logit_bias of " + bias.getKey() + " must name a token of the vocabulary and a finite number");
            }
        }
        return null;
    }

    private boolean areTokens(final int[] tokens) {
        for (final int token : tokens) {
            if (token < 0 || token >= vocabularySize) {
                return false;
            }
        }
        return true;
    }

    private static SpillwayException invalid(final String field, final String detail) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, field, field + " does not fit: " + detail);
    }
}
