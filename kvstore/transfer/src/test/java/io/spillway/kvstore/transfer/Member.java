package io.spillway.kvstore.transfer;

import io.aeron.driver.MediaDriver;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.Peer;
import io.spillway.kvstore.service.ServiceConfig;
import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A member of a test: a block service and its transfer endpoint, over loopback UDP. */
final class Member implements AutoCloseable {
    static final NanoClock CLOCK = NanoClock.SYSTEM;

    final NodeId id;
    final BlockService service;
    final TransferEndpoint transfer;

    Member(final String name, final ServiceConfig config, final TransferConfig transferConfig) {
        this(name, config, transferConfig, driver -> { });
    }

    Member(
        final String name, final ServiceConfig config, final TransferConfig transferConfig,
        final Consumer<MediaDriver.Context> driving) {
        this.id = new NodeId(name);
        this.service = BlockService.start(config, event -> { }, CLOCK);
        this.transfer =
            TransferEndpoint.launch(transferConfig, service, CLOCK, new SplittableRandom(CLOCK.nanoTime()), driving);
    }

    static Member start(final String name, final Path directory) {
        return new Member(name, ServiceConfig.ofHost(256L << 20),
            TransferConfig.ofLoopback(new NodeId(name), directory.resolve(name)));
    }

    Peer asPeer(final NodeRole role) {
        return new Peer(id, role, transfer.endpoint());
    }

    /** Names the peers and waits until they answer. */
    void connectTo(final Member... peers) {
        final List<Peer> list = new ArrayList<>();
        for (final Member peer : peers) {
            list.add(peer.asPeer(NodeRole.STORE));
        }
        transfer.setPeers(list);
        for (final Member peer : peers) {
            await(() -> transfer.isConnected(peer.id));
        }
    }

    /** Stores a chain of blocks here; returns their hashes. */
    List<BlockHash> store(final long seed, final List<byte[]> blocks) {
        final List<BlockHash> chain = new ArrayList<>();
        BlockHash parent = new BlockHash(seed, -1);
        for (int i = 0; i < blocks.size(); i++) {
            final BlockHash hash = new BlockHash(seed, i);
            final CompletableFuture<BlockHash> done = new CompletableFuture<>();
            service.store(new BlockKey(hash, parent), MemorySegment.ofArray(blocks.get(i)), () -> { }, done::complete);
            if (get(done) == null) {
                throw new AssertionError("block was refused");
            }
            chain.add(hash);
            parent = hash;
        }
        return chain;
    }

    BlockLease lease(final BlockHash hash) {
        final CompletableFuture<BlockLease> lease = new CompletableFuture<>();
        service.acquire(hash, lease::complete);
        return get(lease);
    }

    static <T> T get(final CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    static long in(final long millis) {
        return CLOCK.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    static void await(final BooleanSupplier condition) {
        final long giveUp = in(20_000);
        while (!condition.getAsBoolean()) {
            if (CLOCK.nanoTime() - giveUp > 0) {
                throw new AssertionError("not within 20 s");
            }
            Thread.onSpinWait();
        }
    }

    static byte[] bytes(final long seed, final int length) {
        final byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    static List<MemorySegment> targets(final Arena arena, final List<byte[]> blocks) {
        return blocks.stream().map(block -> arena.allocate(block.length)).toList();
    }

    @Override
    public void close() {
        transfer.close();
        service.close();
    }
}
