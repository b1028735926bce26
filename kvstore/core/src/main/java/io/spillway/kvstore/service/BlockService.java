package io.spillway.kvstore.service;

import io.spillway.domain.cluster.NodeLoad.TierUse;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * A member's own blocks outside the model: a host tier and, behind it, a disk tier, as one thing. A node's host tier
 * and a store server are both one of these.
 *
 * <p>Callable from any thread, never blocks; answers come on the service's one thread, which alone touches the tiers. A
 * full mailbox refuses (false), and so does a service that ends: callers take that as a miss.
 */
public final class BlockService implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(BlockService.class.getName());
    private static final int REQUESTS_PER_CYCLE = 64;
    private static final long IDLE_NANOS = 1_000_000_000L;
    private static final long ACTIVE_NANOS = 1_000_000L;

    private final Mailbox mailbox;
    private final LocalBlocks blocks;
    private final NanoClock clock;
    private final int storesMax;
    private final AtomicInteger storesWaiting = new AtomicInteger();
    private final LongAdder storesRefused = new LongAdder();
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile TierUse use;
    private volatile RuntimeException failure;

    private BlockService(final ServiceConfig config, final Consumer<KvEvent> events, final NanoClock clock) {
        this.mailbox = new Mailbox(config.requestsMax());
        this.clock = clock;
        this.storesMax = config.storesMax();
        this.blocks = new LocalBlocks(config, events, mailbox::giveBack, clock);
        this.use = blocks.use();
        this.thread = Thread.ofPlatform().daemon().name("kv-service").unstarted(this::run);
    }

    /**
     * Opens the tiers and starts the thread.
     *
     * @param events told of every change in either tier, in order; called on the service's thread, and on this one for
     *               the blocks that the disk tier still holds
     */
    public static BlockService start(
        final ServiceConfig config, final Consumer<KvEvent> events, final NanoClock clock) {
        final BlockService service = new BlockService(config, events, clock);
        service.thread.start();
        return service;
    }

    /**
     * Copies a block in. Its checksum is taken here: the caller is its producer.
     *
     * @param bytes    borrowed until {@code released} has run
     * @param released runs exactly once when this returns true
     * @param done     runs after that: first block of the chain as far as it is known, or null when the block was
     *                 refused
     * @return false: refused (counted), nothing was borrowed
     */
    public boolean store(
        final BlockKey key, final MemorySegment bytes, final Runnable released, final Consumer<BlockHash> done) {
        if (bytes.byteSize() == 0) {
            throw new IllegalArgumentException("a block has bytes: " + key.hash());
        }
        if (storesWaiting.incrementAndGet() > storesMax) {
            storesWaiting.decrementAndGet();
            storesRefused.increment();
            return false;
        }
        final boolean accepted = mailbox.request(new StoreRequest(key, bytes, released, done));
        if (!accepted) {
            storesWaiting.decrementAndGet();
            storesRefused.increment();
        }
        return accepted;
    }

    /**
     * Makes room for a block that another member sends.
     *
     * @param crc32c of the payload, taken by its producer
     * @return false: refused, {@code done} will not run
     */
    public boolean reserve(final BlockKey key, final int lengthBytes, final int crc32c, final Consumer<Reserved> done) {
        return mailbox.request(request(
            () -> done.accept(blocks.reserve(key, lengthBytes, crc32c, this)),
            () -> done.accept(new Reserved.Refused())));
    }

    /** Counts how many leading blocks of {@code chain} are here, in either tier; 0 also when the service ends. */
    public boolean find(final List<BlockHash> chain, final IntConsumer done) {
        return mailbox.request(request(() -> done.accept(blocks.leadingRun(chain)), () -> done.accept(0)));
    }

    /**
     * Leases a block, verified; one that is on disk is first brought to the host tier.
     *
     * @param done the lease, or null: not here, corrupt, or no memory to bring it to
     */
    public boolean acquire(final BlockHash hash, final Consumer<BlockLease> done) {
        return mailbox.request(request(() -> blocks.acquire(hash, done), () -> done.accept(null)));
    }

    /**
     * Copies leading blocks of {@code chain} to the caller's memory and verifies them there.
     *
     * @param targets       one per block; borrowed until the future completes
     * @param deadlineNanos what is not copied by then does not count
     * @return never exceptional; completes on the service's thread
     */
    public CompletableFuture<Onboarded> copyOut(
        final List<BlockHash> chain, final List<MemorySegment> targets, final long deadlineNanos) {
        final CompletableFuture<Onboarded> result = new CompletableFuture<>();
        final CopyOut copy = new CopyOut(blocks, chain, targets, deadlineNanos, result);
        if (!mailbox.request(request(() -> blocks.begin(copy), () -> result.complete(Onboarded.NOTHING)))) {
            result.complete(Onboarded.NOTHING);
        }
        return result;
    }

    /** Lists all that is held, parents before children where both are, in step with the events. */
    public boolean snapshot(final Consumer<List<KvEvent.BlockStored>> done) {
        return mailbox.request(request(() -> done.accept(blocks.snapshot()), () -> done.accept(List.of())));
    }

    /** @return use of both tiers, a moment old */
    public TierUse tierUse() {
        return use;
    }

    /** @return counts a moment old; null once the service has ended */
    public CompletableFuture<ServiceCounters> counters() {
        final CompletableFuture<ServiceCounters> result = new CompletableFuture<>();
        final Mailbox.Request ask = request(
            () -> result.complete(blocks.counters(storesRefused.sum())), () -> result.complete(null));
        if (!mailbox.request(ask)) {
            result.complete(null);
        }
        return result;
    }

    /** Verifies the books on the service's thread. @return completes exceptionally when they do not balance */
    public CompletableFuture<Void> checkInvariants() {
        final CompletableFuture<Void> result = new CompletableFuture<>();
        mailbox.giveBack(() -> {
            try {
                blocks.checkInvariants();
                result.complete(null);
            } catch (final IllegalStateException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /**
     * Refuses new requests, ends running ones, waits for leases, spills to disk where configured, frees everything.
     *
     * @throws IllegalStateException when leases were not given back in time, or the service had failed before
     */
    @Override
    public void close() {
        mailbox.close();
        try {
            ended.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        if (failure != null) {
            throw new IllegalStateException("block service did not end well", failure);
        }
    }

    /** Runs on the service's thread, soon; cannot be refused. For what follows from work accepted before. */
    void giveBack(final Runnable task) {
        mailbox.giveBack(task);
    }

    void commit(final Reservation reservation, final Consumer<Boolean> done) {
        mailbox.giveBack(() -> done.accept(blocks.commit(reservation)));
    }

    void abort(final Reservation reservation) {
        mailbox.giveBack(() -> blocks.abort(reservation));
    }

    private void run() {
        try {
            while (!mailbox.isClosed()) {
                final int workCount = mailbox.drain(REQUESTS_PER_CYCLE) + blocks.step(clock.nanoTime());
                if (workCount == 0) {
                    mailbox.await(blocks.isActive() ? ACTIVE_NANOS : IDLE_NANOS);
                } else {
                    use = blocks.use();
                }
            }
            mailbox.refuseAll();
            blocks.close(() -> {
                mailbox.drain(0);
                mailbox.awaitReturn(ACTIVE_NANOS);
            });
        } catch (final RuntimeException e) {
            failure = e;
            LOG.log(System.Logger.Level.ERROR, "block service stops", e);
            mailbox.close();
            mailbox.refuseAll();
            blocks.abandon();
        } finally {
            use = TierUse.NONE;
            ended.countDown();
        }
    }

    private static Mailbox.Request request(final Runnable run, final Runnable refuse) {
        return new Mailbox.Request() {
            @Override
            public void run() {
                run.run();
            }

            @Override
            public void refuse() {
                refuse.run();
            }
        };
    }

    /** A block to copy in; counts against the limit of waiting stores until it ran. */
    private final class StoreRequest implements Mailbox.Request {
        private final BlockKey key;
        private final MemorySegment bytes;
        private final Runnable released;
        private final Consumer<BlockHash> done;

        private StoreRequest(
            final BlockKey key, final MemorySegment bytes, final Runnable released, final Consumer<BlockHash> done) {
            this.key = key;
            this.bytes = bytes;
            this.released = released;
            this.done = done;
        }

        @Override
        public void run() {
            storesWaiting.decrementAndGet();
            final BlockHash chain;
            try {
                chain = blocks.store(key, bytes);
            } finally {
                released.run();
            }
            done.accept(chain);
        }

        @Override
        public void refuse() {
            storesWaiting.decrementAndGet();
            storesRefused.increment();
            released.run();
            done.accept(null);
        }
    }
}
