package io.spillway.wire.link;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.v1.DeregisterRequest;
import io.spillway.wire.v1.MembershipGrpc;
import io.spillway.wire.v1.RegisterReply;
import io.spillway.wire.v1.RegisterRequest;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps a member registered and every coordinator replica informed.
 *
 * <p>Threads: one of its own ("link"), which writes all state. gRPC callbacks and {@link EventFeed} appends only enqueue.
 */
public final class CoordinatorLink implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(CoordinatorLink.class.getName());
    private static final int MESSAGE_BYTES_MAX = 64 << 20;
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(10);
    /** Events are gathered this long, so that a burst travels as one message. */
    private static final long FLUSH_DELAY_MILLIS = 5;

    private final LinkConfig config;
    private final NodeDescriptor self;
    private final EventFeed feed;
    private final LinkListener listener;
    private final NanoClock clock;
    private final ScheduledExecutorService thread;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Follower> followers = new ArrayList<>();
    private final CompletableFuture<Long> registered = new CompletableFuture<>();
    private final AtomicBoolean flushScheduled = new AtomicBoolean();
    private NodeLoad lastLoad;
    private long lastLoadNanos;
    private long epoch;
    private boolean registering;
    private volatile boolean closed;

    public CoordinatorLink(
        final LinkConfig config, final NodeDescriptor self, final EventFeed feed, final LinkListener listener,
        final NanoClock clock) {
        this.config = config;
        this.self = self;
        this.feed = feed;
        this.listener = listener;
        this.clock = clock;
        this.thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("link-" + self.id()).daemon().factory());
        for (final Endpoint endpoint : config.coordinators()) {
            channels.add(ManagedChannelBuilder.forAddress(endpoint.host(), endpoint.port()).usePlaintext()
                .maxInboundMessageSize(MESSAGE_BYTES_MAX).build());
        }
    }

    /**
     * Starts registering; goes on trying until it succeeds or is refused for good.
     *
     * @return completes with the first epoch; exceptionally with {@code IDENTITY_MISMATCH} and the like
     */
    public CompletableFuture<Long> start() {
        feed.onAppend(this::scheduleFlush);
        enqueue(() -> register(0));
        thread.scheduleWithFixedDelay(
            this::tick, config.loadInterval().toMillis(), config.loadInterval().toMillis(), TimeUnit.MILLISECONDS);
        return registered;
    }

    /** Leaves the cluster in good order, best effort, then closes. */
    public void leave() {
        final CompletableFuture<Void> left = new CompletableFuture<>();
        enqueue(() -> MembershipGrpc.newStub(channels.getFirst()).withDeadlineAfter(2, TimeUnit.SECONDS).deregister(
            DeregisterRequest.newBuilder().setId(self.id().value()).setEpoch(epoch).build(),
            Replies.of(reply -> left.complete(null), left::completeExceptionally)));
        left.completeOnTimeout(null, 2, TimeUnit.SECONDS).handle((done, failure) -> done).join();
        close();
    }

    @Override
    public void close() {
        closed = true;
        thread.shutdownNow();
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private void register(final int attempt) {
        registering = true;
        final ManagedChannel channel = channels.get(attempt % channels.size());
        MembershipGrpc.newStub(channel).withDeadlineAfter(CALL_DEADLINE.toMillis(), TimeUnit.MILLISECONDS).register(
            RegisterRequest.newBuilder().setMember(ClusterCodec.toWire(self)).build(),
            Replies.of(
                reply -> enqueue(() -> onRegistered(reply)),
                failure -> enqueue(() -> onRegisterFailed(failure, attempt))));
    }

    private void onRegistered(final RegisterReply reply) {
        registering = false;
        epoch = reply.getEpoch();
        feed.beginEpoch(epoch);
        listener.onRegistered(epoch);
        followers.forEach(Follower::close);
        followers.clear();
        lastLoad = null;
        for (final ManagedChannel channel : channels) {
            final Follower follower = new Follower(channel);
            followers.add(follower);
            follower.connect();
        }
        registered.complete(epoch);
    }

    private void onRegisterFailed(final Throwable failure, final int attempt) {
        final SpillwayException reported = Replies.toException(failure);
        if (!reported.code().kind().retryable() && reported.code() != ErrorCode.INTERNAL) {
            registering = false;
            if (!registered.completeExceptionally(reported)) {
                LOG.log(System.Logger.Level.ERROR, self.id() + " may not come back: " + reported.getMessage());
            }
            return;
        }
        later(() -> register(attempt + 1));
    }

    private void onStaleEpoch(final Follower follower) {
        if (followers.contains(follower) && !registering) {
            register(0);
        }
    }

    /** An exception would silently end the schedule, and with it the lease: it is reported and the next tick tries again. */
    private void tick() {
        try {
            reportLoad();
        } catch (final RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "load report failed", e);
        }
    }

    private void reportLoad() {
        if (epoch == 0) {
            return;
        }
        final NodeLoad load = listener.load(epoch);
        final long nowNanos = clock.nanoTime();
        final boolean due = nowNanos - lastLoadNanos >= config.loadHeartbeat().toNanos();
        if (due || !load.equals(lastLoad)) {
            lastLoad = load;
            lastLoadNanos = nowNanos;
            followers.forEach(follower -> follower.sendLoad(load));
        }
        followers.forEach(Follower::flush);
    }

    private void scheduleFlush() {
        if (flushScheduled.compareAndSet(false, true)) {
            try {
                thread.schedule(this::flush, FLUSH_DELAY_MILLIS, TimeUnit.MILLISECONDS);
            } catch (final RejectedExecutionException e) {
                flushScheduled.set(closed);
            }
        }
    }

    private void flush() {
        flushScheduled.set(false);
        followers.forEach(Follower::flush);
    }

    private void enqueue(final Runnable action) {
        later(action, 0);
    }

    private void later(final Runnable action) {
        later(action, config.retryInterval().toMillis());
    }

    private void later(final Runnable action, final long delayMillis) {
        if (closed) {
            return;
        }
        try {
            thread.schedule(action, delayMillis, TimeUnit.MILLISECONDS);
        } catch (final RejectedExecutionException e) {
            if (!closed) {
                throw e;
            }
        }
    }

    /** The stream to one replica. All methods run on the link's thread. */
    private final class Follower {
        private final ManagedChannel channel;
        private FollowStream stream;
        private boolean closing;

        private Follower(final ManagedChannel channel) {
            this.channel = channel;
        }

        private void connect() {
            if (closing) {
                return;
            }
            stream = FollowStream.open(channel, self.id(), epoch, feed.cursor(), new FollowStream.Events() {
                @Override
                public void onReady() {
                    enqueue(Follower.this::flush);
                }

                @Override
                public void onStaleEpoch() {
                    enqueue(() -> CoordinatorLink.this.onStaleEpoch(Follower.this));
                }

                @Override
                public void onResync(final FollowStream from) {
                    enqueue(() -> {
                        from.resync();
                        flush();
                    });
                }

                @Override
                public void onPeers(final List<NodeDescriptor> peers) {
                    enqueue(() -> listener.onPeers(peers));
                }

                @Override
                public void onLost() {
                    later(Follower.this::connect);
                }
            });
            if (lastLoad != null) {
                stream.sendLoad(lastLoad);
            }
            stream.flush();
        }

        private void sendLoad(final NodeLoad load) {
            stream.sendLoad(load);
        }

        private void flush() {
            stream.flush();
        }

        private void close() {
            closing = true;
            stream.close();
        }
    }

    /** Static glue for unary replies. */
    static final class Replies {
        private Replies() {
        }

        static <T> StreamObserver<T> of(
            final java.util.function.Consumer<T> onReply, final java.util.function.Consumer<Throwable> onFailure) {
            return new StreamObserver<>() {
                @Override
                public void onNext(final T reply) {
                    onReply.accept(reply);
                }

                @Override
                public void onError(final Throwable failure) {
                    onFailure.accept(failure);
                }

                @Override
                public void onCompleted() {
                    // the reply was the end
                }
            };
        }

        static SpillwayException toException(final Throwable failure) {
            return io.spillway.wire.codec.StatusCodec.toException(failure);
        }
    }
}
