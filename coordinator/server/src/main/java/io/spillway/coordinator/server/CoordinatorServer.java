package io.spillway.coordinator.server;

import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.NettyServerBuilder;
import io.spillway.coordinator.admission.AdmissionConfig;
import io.spillway.coordinator.admission.Coordinator;
import io.spillway.coordinator.admission.CoordinatorHooks;
import io.spillway.coordinator.dispatch.DispatchConfig;
import io.spillway.coordinator.ledger.Charge;
import io.spillway.coordinator.ledger.Tariff;
import io.spillway.coordinator.placement.PlacementConfig;
import io.spillway.coordinator.raft.RaftConfig;
import io.spillway.coordinator.raft.RatisLog;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.Gateway;
import io.spillway.gateway.GatewayConfig;
import io.spillway.gateway.batch.BatchLimits;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.console.CoordinatorConsole;
import io.spillway.gateway.files.FileLimits;
import io.spillway.gateway.files.SharedDirectory;
import io.spillway.gateway.guard.GuardPolicy;
import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.responses.ResponseStore;
import io.spillway.gateway.responses.ResponsesConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A running coordinator replica: all of its parts, wired. Closing it closes them in reverse. */
public final class CoordinatorServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(CoordinatorServer.class.getName());
    private static final int MESSAGE_BYTES_MAX = 64 << 20;
    private static final long TICK_MILLIS = 250;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final CoordinatorConfig config;
    private final Tariff tariff;
    private final SecureRandom random = new SecureRandom();
    private final Map<NodeId, NodeLoad> loads = new ConcurrentHashMap<>();
    private final AtomicReference<AgentThread> agentThread = new AtomicReference<>();
    private final CompletableFuture<Throwable> stopped = new CompletableFuture<>();
    private RatisLog log;
    private MemberStreams streams;
    private Coordinator coordinator;
    private Gateway gateway;
    private Server rpc;

    private CoordinatorServer(final CoordinatorConfig config) {
        this.config = config;
        this.tariff = Tariffs.of(config);
    }

    /**
     * Starts a replica. It serves once most replicas of its group are up.
     *
     * @throws SpillwayException {@code INVALID_CONFIG} or {@code INVALID_MODEL_FILE} when it cannot start as configured
     */
    public static CoordinatorServer start(final CoordinatorConfig config) {
        final CoordinatorServer server = new CoordinatorServer(config);
        try {
            server.startParts();
            return server;
        } catch (final RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** @return port of the HTTP facade */
    public int httpPort() {
        return gateway.port();
    }

    /** @return port of the gRPC services */
    public int rpcPort() {
        return rpc.getPort();
    }

    /** Waits until the replica has stopped by itself. @return why it could not go on */
    public Throwable awaitStop() {
        return stopped.join();
    }

    @Override
    public synchronized void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (final Exception e) {
                LOG.log(System.Logger.Level.WARNING, "a part of coordinator " + config.id() + " did not close cleanly", e);
            }
        }
    }

    private void startParts() {
        final TextModels models = TextModels.load(config.models());
        final CommandIds commandIds = new CommandIds(config.id(), random.nextLong());
        log = opened(RatisLog.open(raftConfig(), RatisLog.Clocks.SYSTEM));
        final UsageSettler settler = new UsageSettler(log, tariff, commandIds);
        streams = new MemberStreams(new FromMembers());
        final GrpcNodePort nodes = opened(new GrpcNodePort());
        coordinator = new Coordinator(admissionConfig(), nodes,
            new CoordinatorHooks(this::wakeAgent, streams::resync, settler), NanoClock.SYSTEM);
        final AgentThread thread = opened(new AgentThread(config.id(), coordinator.agent()));
        agentThread.set(thread);
        thread.start();
        log.onView(streams::onView);
        gateway = opened(Gateway.start(gatewayConfig(), new Gateway.Parts(log::view, models::of, coordinator,
            (model, usage) -> Charge.of(tariff.of(model), usage).totalNanoDollars(),
            new CoordinatorConsole(new CoordinatorConsole.Sources(log::view, coordinator::stats, () -> loads, () -> streams.reachable().members().keySet(),
                new Replicas(config.peers(), log)::now, EpochClock.SYSTEM)), SecureRandom::new,
            NanoClock.SYSTEM, EpochClock.SYSTEM, shared(), Optional.of(log))));
        startRpc(commandIds);
        final Bootstrap bootstrap = new Bootstrap(log, config.bootstrap(), random);
        parts.push(bootstrap::close);
        bootstrap.start();
        startTimer(new LeaseKeeper(log, streams, commandIds, config.lease().duration().toMillis()), settler);
    }

    private Optional<Gateway.Shared> shared() {
        final Tariff ofBatches = Tariffs.ofBatches(config);
        final CoordinatorConfig.Files files = config.files();
        final CoordinatorConfig.Batches batches = config.batches();
        final BatchLimits usual = BatchLimits.USUAL;
        return files.directory().map(path -> new Gateway.Shared(log,
            SharedDirectory.open(path, HexFormat.of().toHexDigits(random.nextLong()) + HexFormat.of().toHexDigits(random.nextLong())),
            new FileLimits(files.fileMaxBytes(), files.tenantFiles(), files.tenantMaxBytes()),
            new BatchLimits(batches.lines(), Math.toIntExact(batches.lineMaxBytes()), batches.running(), usual.linesAtOnce(),
                usual.tickNanos(), usual.retryNanos()),
            (model, usage) -> Charge.of(ofBatches.of(model), usage).totalNanoDollars(), this::stopServing));
    }

    private void startRpc(final CommandIds commandIds) {
        final InferenceService inference = new InferenceService(gateway.chat(), log::view, new SdkRequests());
        rpc = NettyServerBuilder
            .forAddress(new InetSocketAddress(config.rpc().host(), config.rpc().port()))
            .maxInboundMessageSize(MESSAGE_BYTES_MAX)
            .permitKeepAliveTime(5, TimeUnit.SECONDS).permitKeepAliveWithoutCalls(true)
            .addService(new MembershipService(log, streams, commandIds, config.lease().duration().toMillis()))
            .addService(ServerInterceptors.intercept(inference, inference.authentication(gateway.keys())))
            .build();
        try {
            rpc.start();
        } catch (final IOException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "rpc",
                "cannot listen on " + config.rpc() + ": " + (e.getCause() == null ? e : e.getCause()).getMessage());
        }
        parts.push(() -> rpc.shutdownNow().awaitTermination(5, TimeUnit.SECONDS));
    }

    private void startTimer(final LeaseKeeper leases, final UsageSettler settler) {
        final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("timer-" + config.id()).daemon().factory());
        timer.scheduleWithFixedDelay(() -> tick(leases, settler), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        parts.push(timer::shutdownNow);
    }

    /** An exception would silently end the schedule: it is reported and the next tick tries again. */
    private void tick(final LeaseKeeper leases, final UsageSettler settler) {
        try {
            if (log.failure().isPresent()) {
                stopServing(log.failure().orElseThrow());
            }
            leases.tick(EpochClock.SYSTEM.epochMillis());
            settler.tick();
        } catch (final RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a timer tick failed", e);
        }
    }

    /** A replica that cannot follow the log any more must not answer from an old view: its clients find another one. */
    private void stopServing(final Throwable failure) {
        LOG.log(System.Logger.Level.ERROR, "coordinator " + config.id() + " cannot go on and stops", failure);
        Thread.ofPlatform().name("stop-" + config.id()).start(() -> {
            close();
            stopped.complete(failure);
        });
    }

    private void wakeAgent() {
        final AgentThread thread = agentThread.get();
        if (thread != null) {
            thread.wakeup();
        }
    }

    private <T extends AutoCloseable> T opened(final T part) {
        parts.push(part);
        return part;
    }

    private RaftConfig raftConfig() {
        return new RaftConfig("spillway", config.id(),
            config.peers().stream().map(peer -> new RaftConfig.Peer(peer.id(), peer.raft())).toList(),
            config.dataDir().resolve("raft"));
    }

    private GatewayConfig gatewayConfig() {
        return new GatewayConfig(httpConfig(config.http()), ChatService.Limits.USUAL, GatewayConfig.ConsoleAccess.LOCAL_OR_KEY,
            guardrails(), new RateLimits.Limits(config.limits().requestsPerMinute(), config.limits().tokensPerMinute(),
                Tariffs.nanos(config.limits().quotaDollars())), responsesConfig());
    }

    private ResponsesConfig responsesConfig() {
        final CoordinatorConfig.Responses responses = config.responses();
        return new ResponsesConfig(
            new ResponseStore.Limits(responses.keptFor().toMillis(), responses.maxBytes(), responses.tenantMaxBytes()),
            responses.directory(), responses.backgroundRuns(), responses.eventsMaxBytes());
    }

    private static HttpServerConfig httpConfig(final CoordinatorConfig.Http http) {
        final HttpServerConfig usual = HttpServerConfig.on(http.listen().host(), http.listen().port());
        final HttpServerConfig.Guards guards = usual.guards();
        return new HttpServerConfig(usual.host(), usual.port(), usual.ioThreads(),
            (int) Math.min(Integer.MAX_VALUE - 8, http.bodyMaxBytes()), Math.max(usual.bodiesBytesMax(), http.bodyMaxBytes()),
            http.connectionsMax(), http.idleTimeout().toNanos(), http.stallTimeout().toNanos(), http.drainTimeout().toNanos(),
            new HttpServerConfig.Guards(http.headTimeout().toNanos(), guards.bodyGraceNanos(), guards.bodyBytesPerSecondMin(),
                guards.headersMax(), http.streamsMax()),
            http.tls().map(tls -> new HttpServerConfig.TlsFiles(tls.certificate(), tls.key(), tls.checkInterval().toNanos())),
            http.compressStreams());
    }

    private Map<ModelId, GuardPolicy> guardrails() {
        final Map<ModelId, GuardPolicy> policies = new HashMap<>();
        config.models().forEach(model -> model.guardrails().ifPresent(
            file -> policies.put(new ModelId(model.id()), GuardPolicy.read(file))));
        return policies;
    }

    private AdmissionConfig admissionConfig() {
        final CoordinatorConfig.Limits limits = config.limits();
        final AdmissionConfig.Queues queues = AdmissionConfig.Queues.DEFAULT;
        final AdmissionConfig.Patience patience = AdmissionConfig.Patience.DEFAULT;
        final PlacementConfig placement = PlacementConfig.DEFAULT;
        return new AdmissionConfig(
            new AdmissionConfig.Queues(queues.submissionsMax(), queues.feedbackMax(), limits.queuedRequests(),
                config.batches().inFlightPerNode()),
            new AdmissionConfig.Patience(limits.queueTimeout().toNanos(), limits.noNodeGrace().toNanos(),
                patience.exclusionNanos(), patience.loadLagNanos(), patience.resyncNanos(), patience.tickNanos()),
            DispatchConfig.DEFAULT,
            new PlacementConfig(limits.inFlightPerNode(), placement.prefillTokensPerSecond(),
                placement.decodeStepNanos(), placement.onboardBytesPerSecond(), placement.remoteSpeedShare(),
                placement.stepTokens(), placement.outputTokensExpected(), placement.reuseProbability()));
    }

    /** What members say goes to the coordinator's core. gRPC threads. */
    private final class FromMembers implements MemberStreams.Sink {
        @Override
        public void onKvEvents(final KvEventBatch batch) {
            coordinator.onKvEvents(batch);
        }

        @Override
        public void onLoad(final NodeLoad load) {
            loads.put(load.id(), load);
            coordinator.onLoad(load);
        }

        @Override
        public void onReachable() {
            coordinator.onView(streams.reachable());
        }
    }
}
