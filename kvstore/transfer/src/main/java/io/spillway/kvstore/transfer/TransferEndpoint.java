package io.spillway.kvstore.transfer;

import io.aeron.Aeron;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.service.BlockTransport;
import io.spillway.kvstore.service.Fetch;
import io.spillway.kvstore.service.Peer;
import io.spillway.kvstore.service.PutOutcome;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's end of the block transfer: serves the blocks of its {@link BlockService} to others, and fetches theirs.
 * Owns a media driver (one thread) and an agent (one thread); both sleep when there is nothing to do.
 *
 * <p>Every method may be called from any thread and returns at once.
 */
public final class TransferEndpoint implements BlockTransport {
    private static final Logger LOG = LoggerFactory.getLogger(TransferEndpoint.class);
    /**
     * Longest naps. Packets wake the agent through the driver, so only the driver's naps cost latency after a quiet
     * time.
     */
    private static final long DRIVER_NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(16);
    private static final long AGENT_NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long START_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final TransferConfig config;
    private final Endpoint endpoint;
    private final MediaDriver driver;
    private final Aeron aeron;
    private final TransferAgent agent;
    private final ParkingIdle idle;
    private final Tally tally;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean running = true;
    private volatile boolean stopped;

    private TransferEndpoint(
        final TransferConfig config, final Started started, final TransferAgent agent, final Tally tally) {
        this.config = config;
        this.endpoint = started.endpoint();
        this.driver = started.driver();
        this.aeron = started.aeron();
        this.idle = started.idle();
        this.agent = agent;
        this.tally = tally;
        this.thread = Thread.ofPlatform().daemon().name("kv-transfer").unstarted(this::run);
    }

    /**
     * Starts the driver and the agent, and listens.
     *
     * @param service what is served to others; closed by its owner after this
     * @param clock   the one that callers take their deadlines from
     * @param random  names this run of the endpoint
     * @throws SpillwayException INVALID_CONFIG when it cannot listen there
     */
    public static TransferEndpoint launch(
        final TransferConfig config, final BlockService service, final NanoClock clock, final RandomGenerator random) {
        return launch(config, service, clock, random, driver -> { });
    }

    /** @param driving changes the driver's settings; for tests of loss */
    static TransferEndpoint launch(
        final TransferConfig config, final BlockService service, final NanoClock clock, final RandomGenerator random,
        final Consumer<MediaDriver.Context> driving) {
        final ParkingIdle idle = new ParkingIdle(AGENT_NAP_NANOS);
        final ParkingIdle driverIdle = new ParkingIdle(DRIVER_NAP_NANOS);
        driverIdle.onWork(idle::wake);
        idle.onWork(driverIdle::wake);
        final AtomicReference<TransferAgent> agent = new AtomicReference<>();
        final MediaDriver.Context context = DriverLaunch.context(
            config, driverIdle, error -> LOG.warn("media driver: {}", error.getMessage(), error));
        driving.accept(context);
        final Started started = Started.of(config, idle, context, agent, clock);
        final Tally tally = new Tally();
        final Links.Self self =
            new Links.Self(config.self(), started.endpoint(), random.nextLong() | 1, config.packets());
        agent.set(new TransferAgent(started.aeron(), started.subscription(), self,
            new TransferAgent.Wiring(service, config.windowBytes(), clock, tally),
            new TransferAgent.Idling(idle, driverIdle)));
        final TransferEndpoint transfer = new TransferEndpoint(config, started, agent.get(), tally);
        transfer.thread.start();
        return transfer;
    }

    /** @return where others reach this endpoint, with the real port */
    public Endpoint endpoint() {
        return endpoint;
    }

    /** @return counts a moment old */
    public TransferCounters counters() {
        return tally.read();
    }

    @Override
    public void setPeers(final List<Peer> peers) {
        agent.setPeers(List.copyOf(peers));
    }

    @Override
    public boolean isConnected(final NodeId peer) {
        return agent.links().isConnected(peer);
    }

    @Override
    public CompletableFuture<Integer> lookup(
        final NodeId peer, final List<BlockHash> blocks, final long deadlineNanos) {
        final Asked<Integer> result = new Asked<>();
        final List<BlockHash> asked = List.copyOf(blocks.subList(0, Math.min(blocks.size(), Frames.BLOCKS_MAX)));
        return submit(new LookupRequest(peer, asked, deadlineNanos, result), result, 0);
    }

    @Override
    public CompletableFuture<Onboarded> get(final Fetch fetch, final long deadlineNanos) {
        final Asked<Onboarded> result = new Asked<>();
        if (fetch.blocks().isEmpty() || fetch.blocks().size() > Frames.BLOCKS_MAX) {
            return CompletableFuture.completedFuture(Onboarded.NOTHING);
        }
        return submit(
            new GetRequest(fetch, deadlineNanos, config.windowBytes(), tally, result), result, Onboarded.NOTHING);
    }

    @Override
    public CompletableFuture<PutOutcome> put(final NodeId peer, final BlockLease block, final long deadlineNanos) {
        final Asked<PutOutcome> result = new Asked<>();
        return submit(new PutRequest(peer, block, deadlineNanos, tally, result), result, PutOutcome.UNKNOWN);
    }

    @Override
    public void close() {
        running = false;
        idle.wake();
        try {
            if (!ended.await(10, TimeUnit.SECONDS)) {
                LOG.warn("block transfer did not end within 10 s");
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private <T> CompletableFuture<T> submit(final Request request, final Asked<T> result, final T refused) {
        result.onCancel = () -> agent.cancel(request);
        if (!running || !agent.submit(request)) {
            result.complete(refused);
        } else if (stopped) {
            // The agent ended in between and may not have seen it.
            result.complete(refused);
        }
        return result;
    }

    private void run() {
        try {
            while (running) {
                idle.idle(agent.doWork());
            }
        } catch (final RuntimeException e) {
            LOG.error("block transfer stops", e);
        } finally {
            running = false;
            agent.close();
            stopped = true;
            aeron.close();
            driver.close();
            ended.countDown();
        }
    }

    /** A future whose cancel is a wish to the agent: it completes when the agent has let go of the caller's memory. */
    private static final class Asked<T> extends CompletableFuture<T> {
        private volatile Runnable onCancel = () -> { };

        @Override
        public boolean cancel(final boolean mayInterruptIfRunning) {
            onCancel.run();
            return false;
        }
    }

    /** Driver, client and subscription, up and bound. */
    private record Started(
        MediaDriver driver, Aeron aeron, Subscription subscription, Endpoint endpoint, ParkingIdle idle) {
        static Started of(
            final TransferConfig config, final ParkingIdle idle, final MediaDriver.Context context,
            final AtomicReference<TransferAgent> agent, final NanoClock clock) {
            final MediaDriver driver = MediaDriver.launch(context);
            Aeron aeron = null;
            try {
                aeron = Aeron.connect(new Aeron.Context()
                    .aeronDirectoryName(driver.aeronDirectoryName())
                    .useConductorAgentInvoker(true)
                    .driverTimeoutMs(TimeUnit.SECONDS.toMillis(30))
                    .keepAliveIntervalNs(TimeUnit.MILLISECONDS.toNanos(500))
                    .unavailableImageHandler(image -> agent.get().onUnavailableImage(image))
                    .errorHandler(error -> LOG.warn("transfer client: {}", error.getMessage(), error)));
                final TransferConfig.Listen listen = config.listen();
                final Subscription subscription = aeron.addSubscription(
                    "aeron:udp?endpoint=" + listen.bindHost() + ":" + listen.port(), Links.STREAM);
                final int port = boundPort(aeron, subscription, clock);
                return new Started(driver, aeron, subscription, new Endpoint(listen.advertisedHost(), port), idle);
            } catch (final RuntimeException e) {
                if (aeron != null) {
                    aeron.close();
                }
                driver.close();
                throw new SpillwayException(ErrorCode.INVALID_CONFIG,
                    "block transfer cannot listen on " + config.listen().bindHost() + ":" + config.listen().port(), e);
            }
        }

        private static int boundPort(final Aeron aeron, final Subscription subscription, final NanoClock clock) {
            final long giveUpNanos = clock.nanoTime() + START_NANOS_MAX;
            while (subscription.localSocketAddresses().isEmpty()) {
                if (clock.nanoTime() - giveUpNanos > 0) {
                    throw new IllegalStateException("the driver did not bind in time");
                }
                aeron.conductorAgentInvoker().invoke();
                Thread.onSpinWait();
            }
            final String bound = subscription.localSocketAddresses().getFirst();
            return Integer.parseInt(bound.substring(bound.lastIndexOf(':') + 1));
        }
    }
}
