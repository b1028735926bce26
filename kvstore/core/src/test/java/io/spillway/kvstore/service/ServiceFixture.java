package io.spillway.kvstore.service;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A running block service and what a test asks of it, waited for. */
final class ServiceFixture implements AutoCloseable {
    final List<KvEvent> events = new CopyOnWriteArrayList<>();
    final BlockService service;

    ServiceFixture(final ServiceConfig config) {
        service = BlockService.start(config, events::add, NanoClock.SYSTEM);
    }

    static BlockHash hash(final long chain, final int index) {
        return new BlockHash(chain, index);
    }

    static List<BlockHash> chain(final long chain, final int blocks) {
        final List<BlockHash> hashes = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            hashes.add(hash(chain, i));
        }
        return hashes;
    }

    static byte[] bytes(final BlockHash hash, final int length) {
        final byte[] bytes = new byte[length];
        new SplittableRandom(hash.high() * 31 + hash.low()).nextBytes(bytes);
        return bytes;
    }

    /** @return the chain's first block as the service knows it, or null when refused */
    BlockHash store(final long chain, final int index, final int length) {
        final CompletableFuture<BlockHash> done = new CompletableFuture<>();
        final BlockKey key = new BlockKey(hash(chain, index), hash(chain, index - 1));
        if (!service.store(key, MemorySegment.ofArray(bytes(key.hash(), length)), () -> { }, done::complete)) {
            return null;
        }
        return get(done);
    }

    void storeChain(final long chain, final int blocks, final int length) {
        for (int i = 0; i < blocks; i++) {
            if (store(chain, i, length) == null) {
                throw new AssertionError("refused block " + i);
            }
        }
    }

    int find(final List<BlockHash> chain) {
        final CompletableFuture<Integer> found = new CompletableFuture<>();
        service.find(chain, found::complete);
        return get(found);
    }

    /** What is published of the tiers is a moment old: it follows the cycle that did the work. */
    void awaitHostBlocks(final long count) {
        while (service.tierUse().hostBlocks() != count) {
            get(service.counters());
        }
    }

    BlockLease lease(final BlockHash hash) {
        final CompletableFuture<BlockLease> lease = new CompletableFuture<>();
        service.acquire(hash, lease::complete);
        return get(lease);
    }

    /** Copies out and compares every block that is said to be valid. */
    Onboarded copyOut(final List<BlockHash> chain, final int length) {
        final List<MemorySegment> targets =
            chain.stream().map(hash -> MemorySegment.ofArray(new byte[length])).toList();
        final Onboarded got = get(service.copyOut(chain, targets, in(10_000)));
        requireEqual(chain, targets, got.blocks());
        return got;
    }

    static void requireEqual(final List<BlockHash> chain, final List<MemorySegment> targets, final int blocks) {
        for (int i = 0; i < blocks; i++) {
            final MemorySegment expected = MemorySegment.ofArray(bytes(chain.get(i), (int) targets.get(i).byteSize()));
            if (targets.get(i).mismatch(expected) != -1) {
                throw new AssertionError("wrong bytes in block " + i);
            }
        }
    }

    static void flip(final BlockLease lease, final long at) {
        final MemorySegment part = lease.block().memory().parts().getFirst();
        part.set(ValueLayout.JAVA_BYTE, at, (byte) (part.get(ValueLayout.JAVA_BYTE, at) ^ 1));
    }

    static <T> T get(final CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    static long in(final long millis) {
        return NanoClock.SYSTEM.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    @Override
    public void close() {
        get(service.checkInvariants());
        service.close();
    }
}
