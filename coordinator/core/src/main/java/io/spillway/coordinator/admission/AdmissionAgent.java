package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Attempt;
import io.spillway.coordinator.dispatch.Dispatcher;
import io.spillway.coordinator.dispatch.Flight;
import io.spillway.coordinator.dispatch.FlightOwner;
import io.spillway.coordinator.dispatch.MemberKey;
import io.spillway.coordinator.dispatch.NodeInbox;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.coordinator.placement.Candidate;
import io.spillway.coordinator.placement.Placement;
import io.spillway.coordinator.placement.PlacementPolicy;
import io.spillway.coordinator.placement.PlacementRequest;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent.Failed;
import io.spillway.domain.request.GenerationEvent.Finished;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.time.NanoClock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The duty cycle of a coordinator: takes requests in, lets them wait their turn, places them, and runs them through the
 * dispatcher. Single writer of everything behind it.
 *
 * <p>Runs under any runner that calls {@link #doWork} again and again on one thread at a time, at least every 100 ms (deadlines
 * are as fine as that), sooner after a wakeup, and {@link #onClose} at the end. An exception from {@code doWork} is a bug: the
 * runner must stop calling and close.
 */
public final class AdmissionAgent implements FlightOwner {
    private static final int FEEDBACK_PER_CYCLE = 256;
    private static final int SUBMISSIONS_PER_CYCLE = 256;

    private final AdmissionConfig config;
    private final NanoClock clock;
    private final CoordinatorHooks hooks;
    private final AdmissionInbox inbox;
    private final Dispatcher dispatcher;
    private final PlacementPolicy policy;
    private final NodeBook nodes;
    private final BlockKnowledge blocks;
    private final StatsBook statsBook = new StatsBook();
    private final Map<RequestId, Flight> live = new LinkedHashMap<>();
    private final Map<ModelId, WaitingLine> lines = new LinkedHashMap<>();
    private final IdleLines idle;
    private final NodeWatch watch = new NodeWatch();
    private int waiting;
    private long nowNanos;
    private long nextTickNanos;
    private volatile CoordinatorStats stats = CoordinatorStats.EMPTY;

    AdmissionAgent(
        final AdmissionConfig config, final NodePort port, final CoordinatorHooks hooks, final AdmissionInbox inbox,
        final NanoClock clock) {
        this.config = config;
        this.clock = clock;
        this.hooks = hooks;
        this.inbox = inbox;
        this.dispatcher = new Dispatcher(
            config.dispatch(), port, new NodeInbox(config.dispatch().nodeEventsMax(), hooks.wakeup()), this);
        this.policy = new PlacementPolicy(config.placement());
        this.nodes = new NodeBook(config.patience().loadLagNanos(), config.queues().idlePerNode());
        this.idle = new IdleLines(config.queues().waitingMax());
        this.blocks = new BlockKnowledge(config.patience().resyncNanos(), hooks.resync());
        this.nowNanos = clock.nanoTime();
        this.nextTickNanos = nowNanos;
    }

    /** One cycle. @return how much was done; 0 = may idle until woken */
    public int doWork() {
        nowNanos = clock.nanoTime();
        int work = dispatcher.doWork(nowNanos);
        work += takeView();
        work += takeCancels();
        work += takeFeedback();
        work += takeSubmissions();
        work += placeWaiting();
        if (nowNanos - nextTickNanos >= 0) {
            nextTickNanos = nowNanos + config.patience().tickNanos();
            tick();
        }
        return work;
    }

    /** Ends every request with {@code DRAINING}. The runner's last call. */
    public void onClose() {
        inbox.close();
        nowNanos = clock.nanoTime();
        final List<Flight> open = new ArrayList<>(live.values());
        inbox.submissions.drainTo(open);
        for (final Flight flight : open) {
            dispatcher.stop(flight, new Failed(ErrorCode.DRAINING, "the coordinator is shutting down"), nowNanos);
        }
        publish();
    }

    /** @return the newest published statistics. Any thread */
    public CoordinatorStats stats() {
        return stats;
    }

    @Override
    public void onWaiting(final Flight flight, final MemberKey lost) {
        flight.exclude(lost, nowNanos + config.patience().exclusionNanos());
        if (flight.request().isIdle()) {
            idle.addReturned(flight);
            return;
        }
        line(flight).addReturned(flight);
        waiting++;
    }

    @Override
    public void onEnded(final Flight flight) {
        leaveLine(flight);
        idle.onEnded(flight);
        live.remove(flight.request().id(), flight);
        statsBook.onEnded(flight, nowNanos);
        if (flight.started()) {
            hooks.usage().onEnded(new UsageSink.Consumption(
                flight.request(), flight.usage(), flight.ttftNanos(), flight.durationNanos(nowNanos), flight.failure()));
        }
    }

    @Override
    public void onReleased(final Attempt attempt) {
        nodes.onReleased(attempt);
    }

    private int takeView() {
        final ClusterView view = inbox.takeView();
        if (view == null || view.appliedIndex() < nodes.view().appliedIndex()) {
            return 0;
        }
        nodes.onView(view);
        blocks.onView(view);
        dispatcher.onView(view, nowNanos);
        watch.onView(view, nowNanos);
        return 1;
    }

    private int takeCancels() {
        int work = 0;
        for (Flight flight; (flight = inbox.cancels.poll()) != null; work++) {
            dispatcher.stop(flight, new Failed(ErrorCode.CANCELLED, "cancelled by the caller"), nowNanos);
        }
        return work;
    }

    private int takeFeedback() {
        int work = 0;
        for (Feedback next; work < FEEDBACK_PER_CYCLE && (next = inbox.feedback.poll()) != null; work++) {
            switch (next) {
                case Feedback.KvEvents(var batch) -> blocks.apply(batch, nowNanos);
                case Feedback.Load(var load) -> nodes.onLoad(load, nowNanos);
            }
        }
        return work;
    }

    private int takeSubmissions() {
        int work = 0;
        for (Flight flight; work < SUBMISSIONS_PER_CYCLE && (flight = inbox.submissions.poll()) != null; work++) {
            statsBook.onAccepted();
            // Cancelled before it was looked at: that has ended it already.
            if (!flight.state().ended()) {
                accept(flight);
            }
        }
        return work;
    }

    private void accept(final Flight flight) {
        final GenerationRequest request = flight.request();
        if (live.putIfAbsent(request.id(), flight) != null) {
            fail(flight, ErrorCode.ALREADY_EXISTS, "a request with the id " + request.id() + " is running");
        } else if (request.isIdle()) {
            acceptIdle(flight);
        } else if (nodes.anyEngine() && nodes.model(request.model()).isEmpty()) {
            fail(flight, ErrorCode.MODEL_NOT_FOUND, "no node serves the model " + request.model());
        } else {
            if (waiting >= config.queues().waitingMax()) {
                placeWaiting();
            }
            if (waiting >= config.queues().waitingMax()) {
                fail(flight, ErrorCode.OVERLOADED, waiting + " requests are waiting for a node already");
                return;
            }
            line(flight).add(flight);
            waiting++;
        }
    }

    /** It may wait for a model that nobody serves: what runs when nobody else does has time. */
    private void acceptIdle(final Flight flight) {
        if (idle.full()) {
            fail(flight, ErrorCode.OVERLOADED, idle.waiting() + " requests are waiting for idle capacity already");
        } else {
            idle.add(flight);
        }
    }

    private int placeWaiting() {
        int placed = 0;
        if (waiting > 0) {
            for (final WaitingLine line : List.copyOf(lines.values())) {
                placed += place(line);
            }
        }
        if (waiting > 0) {
            return placed + giveWay();
        }
        for (final WaitingLine line : idle.lines()) {
            placed += place(line);
        }
        return placed;
    }

    /** Somebody waits for a node: as many requests that run from idle capacity end there, to be asked again later. */
    private int giveWay() {
        int ended = 0;
        for (final Map.Entry<ModelId, WaitingLine> line : lines.entrySet()) {
            for (final Flight flight : idle.toGiveWay(line.getKey(), line.getValue().size())) {
                dispatcher.stop(flight, new Failed(ErrorCode.OVERLOADED, "gave way to a request that somebody waits for"), nowNanos);
                ended++;
            }
        }
        return ended;
    }

    private int place(final WaitingLine line) {
        int placed = 0;
        for (final Flight flight : line.returned()) {
            placed += tryPlace(flight) ? 1 : 0;
        }
        for (Flight flight; (flight = line.peek()) != null && tryPlace(flight); placed++) {
            line.served(flight.request().tenant());
        }
        return placed;
    }

    /** @return whether it has left the line: on a node, or ended */
    private boolean tryPlace(final Flight flight) {
        final List<Candidate> candidates = nodes.candidates(flight, nowNanos);
        if (candidates.stream().noneMatch(candidate -> !candidate.excluded() && policy.hasRoom(candidate))) {
            return false;
        }
        final ModelDescriptor model = nodes.model(flight.request().model()).orElseThrow();
        if (flight.chain().isEmpty()) {
            flight.onChain(chain(model, flight.request()));
        }
        final PlacementRequest request = new PlacementRequest(
            model, flight.request().promptTokens().length + flight.outputTokens(),
            flight.request().outputTokensMax() - flight.outputTokens(), blocks.match(flight.chain()));
        return switch (policy.place(request, candidates)) {
            case Placement.Placed placed -> {
                leaveLine(flight);
                nodes.onLaunched(dispatcher.launch(flight, placed, nowNanos), flight.request().isIdle());
                if (flight.request().isIdle()) {
                    idle.onLaunched(flight);
                }
                yield true;
            }
            case Placement.Rejected(ErrorCode code, String detail) when code == ErrorCode.CONTEXT_LENGTH_EXCEEDED -> {
                endUnfitting(flight, detail);
                yield true;
            }
            case Placement.Rejected _ -> false;
        };
    }

    /** A request that was running and has filled the context lacks only the word that it is complete. */
    private void endUnfitting(final Flight flight, final String detail) {
        if (flight.attempts() > 0 && flight.outputTokens() > flight.request().emittedTokens().length) {
            dispatcher.end(flight, new Finished(FinishReason.LENGTH, flight.usage()), nowNanos);
        } else {
            fail(flight, ErrorCode.CONTEXT_LENGTH_EXCEEDED, detail);
        }
    }

    private void tick() {
        dispatcher.onTick(nowNanos);
        for (final WaitingLine line : List.copyOf(lines.values())) {
            line.all().forEach(this::checkPatience);
        }
        lines.values().removeIf(line -> line.size() == 0);
        inbox.missed.removeIf(source -> {
            blocks.ask(source, nowNanos);
            return true;
        });
        blocks.sweep();
        publish();
    }

    private void checkPatience(final Flight flight) {
        final ModelId model = flight.request().model();
        final AdmissionConfig.Patience patience = config.patience();
        final long waitedNanos = nowNanos - flight.waitingSinceNanos();
        if (!nodes.served(model)) {
            final long aloneNanos = Math.min(waitedNanos, watch.withoutNanos(model, nowNanos));
            if (aloneNanos > patience.noNodeGraceNanos()) {
                fail(flight, codeOfNoNode(flight), "no live node has served the model " + model + " for "
                    + aloneNanos / 1_000_000 + " ms");
            }
        } else if (waitedNanos > patience.waitMaxNanos()) {
            fail(flight, flight.attempts() == 0 ? ErrorCode.DEADLINE_EXCEEDED : ErrorCode.NODE_LOST,
                "no node was free for " + waitedNanos / 1_000_000 + " ms");
        }
    }

    private ErrorCode codeOfNoNode(final Flight flight) {
        if (flight.attempts() > 0) {
            return ErrorCode.NODE_LOST;
        }
        final boolean unheardOf = nodes.model(flight.request().model()).isEmpty();
        return unheardOf && nodes.anyEngine() ? ErrorCode.MODEL_NOT_FOUND : ErrorCode.NO_NODE;
    }

    private void fail(final Flight flight, final ErrorCode code, final String detail) {
        dispatcher.end(flight, new Failed(code, detail), nowNanos);
    }

    private WaitingLine line(final Flight flight) {
        return lines.computeIfAbsent(flight.request().model(), model -> new WaitingLine());
    }

    private void leaveLine(final Flight flight) {
        if (flight.request().isIdle()) {
            idle.leave(flight);
            return;
        }
        final WaitingLine line = lines.get(flight.request().model());
        if (line != null && line.remove(flight)) {
            waiting--;
        }
    }

    static List<BlockHash> chain(final ModelDescriptor model, final GenerationRequest request) {
        return BlockHasher.chain(
            request.chainRoot(), request.promptTokens(), 0, request.promptTokens().length, model.layout().blockTokens());
    }

    private void publish() {
        final long refused = inbox.refusedSubmissions.get();
        stats = new CoordinatorStats(
            dispatcher.runningCount(), waiting, statsBook.totals(refused), statsBook.failures(refused), dispatcher.counts(),
            blocks.stats(inbox.droppedFeedback.get()), nodes.stats(), StatsBook.live(live.values(), nowNanos),
            statsBook.recent());
    }
}
