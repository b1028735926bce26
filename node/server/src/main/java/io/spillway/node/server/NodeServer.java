package io.spillway.node.server;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.Peer;
import io.spillway.kvstore.service.ServiceConfig;
import io.spillway.kvstore.service.TieredBlockStore;
import io.spillway.kvstore.service.TieredConfig;
import io.spillway.kvstore.transfer.BufferDirectory;
import io.spillway.kvstore.transfer.TransferConfig;
import io.spillway.kvstore.transfer.TransferEndpoint;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.engine.Engine;
import io.spillway.node.engine.EngineConfig;
import io.spillway.node.engine.EngineParts;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.runner.ModelDevice;
import io.spillway.node.speculation.Speculation;
import io.spillway.wire.link.CoordinatorLink;
import io.spillway.wire.link.EventFeed;
import io.spillway.wire.link.LinkConfig;
import io.spillway.wire.link.LinkListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A running node: all of its parts, wired. Closing it closes them in reverse. */
public final class NodeServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(NodeServer.class.getName());
    private static final int EVENTS_KEPT = 1 << 16;
    private static final int MESSAGE_BYTES_MAX = 64 << 20;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final AtomicLong epoch = new AtomicLong();
    private final NodeConfig config;
    private final NodeId id;
    private final EventFeed feed;
    private TieredBlockStore store;
    private Engine engine;
    private NodeDescriptor descriptor;

    private NodeServer(final NodeConfig config) {
        this.config = config;
        this.id = new NodeId(config.id());
        this.feed = new EventFeed(id, EVENTS_KEPT);
    }

    /**
     * Loads the model, starts the engine and joins the cluster; returns once it is registered.
     *
     * @throws SpillwayException when it cannot start as configured, or was refused
     */
    public static NodeServer start(final NodeConfig config) {
        final NodeServer server = new NodeServer(config);
        try {
            server.startParts();
            return server;
        } catch (final RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** @return what it registered as */
    public NodeDescriptor descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (final Exception e) {
                LOG.log(System.Logger.Level.WARNING, "a part of node " + id + " did not close cleanly", e);
            }
        }
    }

    private void startParts() {
        final ComputeBackend backend = opened(SharedBackend.lease(config.engine().kernels(), config.engine().threads())).backend();
        final NodeDevice device = opened(device(backend));
        LOG.log(System.Logger.Level.INFO, "node " + id + ": " + device.description());
        opened(new DeviceNote(config.dataDir(), device.description()));
        final ModelFingerprint fingerprint;
        final NodeModel model;
        try (ModelSource source = ModelSource.open(config.model().path())) {
            fingerprint = source.fingerprint();
            model = opened(device.load(source, loading()));
        }
        final KvLayout layout = model.kvLayout(config.kv().blockTokens(), config.kv().element());
        final EngineConfig limits = engineConfig(model, layout);
        final ModelDevice opened = model.open(layout, limits.deviceBlocks());
        final Endpoint transfer = startStore();
        final Speculation speculation = opened(new SpeculationSetup(config.speculation(), backend, layout, loading()))
            .open(config.model().path(), limits);
        engine = opened(new Engine(limits, new EngineParts(opened, layout, store, NanoClock.SYSTEM, feed::append,
            speculation, new GrammarConstraints(config.model().path()))));
        engine.start(defect -> LOG.log(System.Logger.Level.ERROR, "the engine of node " + id + " stopped", Unworded.of(defect)));
        final ModelDescriptor served = new ModelDescriptor(new ModelId(config.model().id()), fingerprint,
            limits.contextTokens(), opened.vocabularySize(), layout, BlockHasher.VERSION);
        final Server rpc = startRpc();
        descriptor = new NodeDescriptor(id, NodeRole.ENGINE, new Endpoint(config.host(), rpc.getPort()), transfer,
            Optional.of(served), limits.deviceBlocks());
        join(served);
    }

    /** @param backend computes on the host: the model, or at least a draft model */
    private NodeDevice device(final ComputeBackend backend) {
        return new DeviceChoice(CudaProbe::probe, Optional.empty(), () -> new HostDevice(config.engine(), backend)).choose(config.engine().backend(),
            line -> LOG.log(System.Logger.Level.INFO, "node " + id + ": " + line));
    }

    private ModelLoader.Options loading() {
        return ModelLoader.Options.defaults().withCache(config.cachePolicy());
    }

    private EngineConfig engineConfig(final NodeModel model, final KvLayout layout) {
        final NodeConfig.Kv kv = config.kv();
        final NodeConfig.Engine engineLimits = config.engine();
        final long deviceBlocks = kv.deviceMaxBytes() / layout.blockBytes();
        final long contextTokens = Math.min(model.contextTokens(), deviceBlocks * kv.blockTokens());
        if (contextTokens < 2L * kv.blockTokens()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "kv.device-max-bytes", "a block of this model has "
                + layout.blockBytes() + " bytes: the device tier needs at least two");
        }
        if (contextTokens < model.contextTokens()) {
            LOG.log(System.Logger.Level.WARNING, "node " + id + ": kv.device-max-bytes holds " + contextTokens
                + " tokens, so the context ends there and not at " + model.contextTokens());
        }
        final EngineConfig usual = EngineConfig.of((int) contextTokens, Math.toIntExact(deviceBlocks));
        return new EngineConfig(kv.blockTokens(), usual.contextTokens(), usual.deviceBlocks(), engineLimits.stepTokens(),
            engineLimits.runningRequests(), engineLimits.queuedRequests(), usual.onboardBlocksMin(), kv.lookupTimeout(),
            kv.onboardTimeout(), usual.offloadWaitingMax(), usual.offloadInFlightMax(), usual.offloadWait());
    }

    private Endpoint startStore() {
        final BlockService service = opened(
            BlockService.start(ServiceConfig.ofHost(config.kv().hostMaxBytes()), feed::append, NanoClock.SYSTEM));
        final TransferEndpoint transfer = opened(TransferEndpoint.launch(TransferConfig.of(id,
            new TransferConfig.Listen(config.host(), config.transferPort(), config.host()),
            BufferDirectory.of(id, config.dataDir())), service, NanoClock.SYSTEM, new SecureRandom()));
        store = opened(new TieredBlockStore(service, transfer, TieredConfig.DEFAULT, NanoClock.SYSTEM));
        return transfer.endpoint();
    }

    private Server startRpc() {
        final NodeEngineService service = new NodeEngineService(new NodeEngineService.EngineDoor() {
            @Override
            public void submit(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
                engine.submit(request, listener);
            }

            @Override
            public void cancel(final RequestId request) {
                engine.cancel(request);
            }
        }, epoch::get);
        final Server rpc = NettyServerBuilder.forAddress(new InetSocketAddress(config.host(), config.rpcPort()))
            .maxInboundMessageSize(MESSAGE_BYTES_MAX).permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true).addService(service).build();
        try {
            rpc.start();
        } catch (final IOException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "rpc-port", "cannot listen on " + config.host() + ":"
                + config.rpcPort() + ": " + (e.getCause() == null ? e : e.getCause()).getMessage());
        }
        parts.push(() -> rpc.shutdownNow().awaitTermination(5, TimeUnit.SECONDS));
        return rpc;
    }

    private void join(final ModelDescriptor served) {
        final CoordinatorLink link = new CoordinatorLink(LinkConfig.of(config.coordinators()), descriptor, feed,
            new Reporter(served), NanoClock.SYSTEM);
        parts.push(link::leave);
        try {
            link.start().join();
        } catch (final CompletionException e) {
            throw e.getCause() instanceof SpillwayException refused ? refused : e;
        }
    }

    private <T extends AutoCloseable> T opened(final T part) {
        parts.push(part);
        return part;
    }

    /** The node's side of its link. */
    private final class Reporter implements LinkListener {
        private final ModelDescriptor served;

        private Reporter(final ModelDescriptor served) {
            this.served = served;
        }

        @Override
        public void onRegistered(final long newEpoch) {
            epoch.set(newEpoch);
            LOG.log(System.Logger.Level.INFO, "node " + id + " is registered, epoch " + newEpoch);
        }

        @Override
        public NodeLoad load(final long forEpoch) {
            return engine.load(id, forEpoch);
        }

        /** Stores, and the engines whose blocks have our layout: others hold nothing we could use. */
        @Override
        public void onPeers(final List<NodeDescriptor> peers) {
            store.setPeers(peers.stream()
                .filter(peer -> peer.model().map(served::equals).orElse(true))
                .map(peer -> new Peer(peer.id(), peer.role(), peer.transfer())).toList());
        }
    }
}
