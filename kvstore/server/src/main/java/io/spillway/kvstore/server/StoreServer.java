package io.spillway.kvstore.server;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.ServiceConfig;
import io.spillway.kvstore.tier.DiskConfig;
import io.spillway.kvstore.transfer.BufferDirectory;
import io.spillway.kvstore.transfer.TransferConfig;
import io.spillway.kvstore.transfer.TransferEndpoint;
import io.spillway.wire.link.CoordinatorLink;
import io.spillway.wire.link.EventFeed;
import io.spillway.wire.link.LinkConfig;
import io.spillway.wire.link.LinkListener;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/** A running store server: its tiers, their transfer, and its link to the coordinators. Closing it closes them in reverse. */
public final class StoreServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(StoreServer.class.getName());
    private static final int EVENTS_KEPT = 1 << 16;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final StoreConfig config;
    private NodeDescriptor descriptor;

    private StoreServer(final StoreConfig config) {
        this.config = config;
    }

    /**
     * Starts a store server and joins the cluster; returns once it is registered.
     *
     * @throws SpillwayException when it cannot start as configured, or was refused
     */
    public static StoreServer start(final StoreConfig config) {
        final StoreServer server = new StoreServer(config);
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
                LOG.log(System.Logger.Level.WARNING, "a part of store " + config.id() + " did not close cleanly", e);
            }
        }
    }

    private void startParts() {
        final NodeId id = new NodeId(config.id());
        final EventFeed feed = new EventFeed(id, EVENTS_KEPT);
        final BlockService service = BlockService.start(serviceConfig(), feed::append, NanoClock.SYSTEM);
        parts.push(service);
        final Endpoint transfer = startTransfer(id, service);
        descriptor = new NodeDescriptor(id, NodeRole.STORE, transfer, transfer, Optional.empty(), 0);
        final CoordinatorLink link = new CoordinatorLink(LinkConfig.of(config.coordinators()), descriptor, feed,
            new Reporter(id, service), NanoClock.SYSTEM);
        parts.push(link::leave);
        try {
            link.start().join();
        } catch (final CompletionException e) {
            throw e.getCause() instanceof SpillwayException refused ? refused : e;
        }
    }

    private Endpoint startTransfer(final NodeId id, final BlockService service) {
        final TransferEndpoint transfer = TransferEndpoint.launch(TransferConfig.of(id,
            new TransferConfig.Listen(config.host(), config.transferPort(), config.host()),
            BufferDirectory.of(id, config.dataDir())), service, NanoClock.SYSTEM, new SecureRandom());
        parts.push(transfer);
        return transfer.endpoint();
    }

    private ServiceConfig serviceConfig() {
        final ServiceConfig host = ServiceConfig.ofHost(config.hostMaxBytes());
        return config.diskMaxBytes() == 0 ? host
            : host.withDisk(DiskConfig.of(config.dataDir().resolve("blocks"), config.diskMaxBytes()));
    }

    /** Tells the coordinators how full the tiers are. */
    private record Reporter(NodeId id, BlockService service) implements LinkListener {
        @Override
        public void onRegistered(final long epoch) {
            LOG.log(System.Logger.Level.INFO, "store " + id + " is registered, epoch " + epoch);
        }

        @Override
        public NodeLoad load(final long epoch) {
            return new NodeLoad(id, epoch, 0, 0, 0, 0, 0, 0, 0, 0, 0, service.tierUse());
        }

        @Override
        public void onPeers(final List<NodeDescriptor> peers) {
            // a store only answers
        }
    }
}
