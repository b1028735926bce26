package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.DispatchConfig;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.coordinator.placement.PlacementConfig;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import io.spillway.testkit.gen.Models;
import io.spillway.testkit.gen.Requests;
import io.spillway.testkit.sim.SimClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A coordinator whose clock, nodes and thread are the test's. */
final class Harness implements NodePort {
    static final ModelDescriptor MODEL = Models.model("brook", 64, 4096);
    static final long MILLIS = 1_000_000;
    static final AdmissionConfig CONFIG = new AdmissionConfig(
        new AdmissionConfig.Queues(8, 8, 4), new AdmissionConfig.Patience(
            1000 * MILLIS, 500 * MILLIS, 100 * MILLIS, 10 * MILLIS, 50 * MILLIS, 5 * MILLIS),
        new DispatchConfig(3, 10_000 * MILLIS, 64, 64),
        new PlacementConfig(2, 1000, 20_000_000L, 1e9, 0.5, 512, 64, 0.5));

    final SimClock clock = new SimClock();
    final List<Sent> sent = new ArrayList<>();
    final List<NodeId> resyncs = new ArrayList<>();
    final List<UsageSink.Consumption> consumed = new ArrayList<>();
    final TreeMap<NodeId, ClusterView.Member> members = new TreeMap<>();
    final Coordinator coordinator;
    int wakeups;
    RuntimeException refuseToSend;
    private long index;

    Harness() {
        this(CONFIG);
    }

    Harness(final AdmissionConfig config) {
        coordinator = new Coordinator(
            config, this, new CoordinatorHooks(() -> wakeups++, resyncs::add, consumed::add), clock);
    }

    /** A request as a node received it. */
    static final class Sent implements NodePort.Call {
        final NodeDescriptor node;
        final long epoch;
        final GenerationRequest request;
        private final Consumer<GenerationEvent> listener;
        boolean cancelled;

        private Sent(
            final NodeDescriptor node, final long epoch, final GenerationRequest request, final Consumer<GenerationEvent> listener) {
            this.node = node;
            this.epoch = epoch;
            this.request = request;
            this.listener = listener;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        void started(final int cached) {
            listener.accept(new GenerationEvent.Started(
                new PrefillSources(cached, 0, 0, 0, request.knownTokens() - cached)));
        }

        void tokens(final int firstIndex, final int... tokens) {
            listener.accept(new GenerationEvent.TokenDelta(firstIndex, tokens, List.of()));
        }

        void finished(final int outputTokens) {
            listener.accept(new GenerationEvent.Finished(
                FinishReason.STOP, new Usage(request.promptTokens().length, 0, outputTokens, PrefillSources.NONE)));
        }

        void failed(final ErrorCode code) {
            listener.accept(new GenerationEvent.Failed(code, "as the node says"));
        }
    }

    /** A client's view of its request. */
    static final class Client implements Consumer<GenerationEvent> {
        final List<GenerationEvent> events = new ArrayList<>();
        final List<Integer> tokens = new ArrayList<>();
        RequestLine.Submission submission;

        @Override
        public void accept(final GenerationEvent event) {
            events.add(event);
            if (event instanceof GenerationEvent.TokenDelta delta) {
                for (final int token : delta.tokens()) {
                    tokens.add(token);
                }
            }
        }

        GenerationEvent last() {
            return events.getLast();
        }

        ErrorCode failure() {
            return ((GenerationEvent.Failed) last()).code();
        }

        long terminals() {
            return events.stream().filter(
                event -> event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed).count();
        }
    }

    @Override
    public Call generate(
        final NodeDescriptor node, final long epoch, final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        if (refuseToSend != null) {
            throw refuseToSend;
        }
        final Sent call = new Sent(node, epoch, request, listener);
        sent.add(call);
        return call;
    }

    void join(final String id, final long epoch) {
        final NodeDescriptor node = Models.engine(id, MODEL, 256);
        members.put(node.id(), new ClusterView.Member(node, epoch, Long.MAX_VALUE));
        showView();
    }

    void leave(final String id) {
        members.remove(new NodeId(id));
        showView();
    }

    void showView() {
        coordinator.onView(new ClusterView(++index, members, Map.of(), new TreeMap<>(), new TreeMap<>()));
        run();
    }

    Client submit(final String id) {
        return submit(id, "tenant");
    }

    Client submit(final String id, final String tenant) {
        return submit(request(id, tenant));
    }

    Client submit(final GenerationRequest request) {
        final Client client = new Client();
        client.submission = coordinator.submit(request, client);
        return client;
    }

    static GenerationRequest request(final String id, final String tenant) {
        return Requests.request(id, tenant, MODEL, Requests.tokens(new SplittableRandom(1), 100, 1000), 8);
    }

    void run() {
        coordinator.agent().doWork();
    }

    void run(final long millis) {
        clock.advanceBy(millis * MILLIS);
        run();
    }
}
