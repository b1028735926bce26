package io.spillway.kvstore.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.BlockStore.Found;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.service.ServiceConfig;
import io.spillway.kvstore.service.TieredBlockStore;
import io.spillway.kvstore.service.TieredConfig;
import io.spillway.kvstore.tier.DiskConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole of it: nodes offload, die, and others onboard what they left. */
class TieredOverTransferTest {
    private static final int BLOCK_BYTES = 384 * 1024;
    private static final int BLOCKS = 40;
    @TempDir
    private Path directory;

    @Test
    void whatADeadNodeComputedIsOnboardedFromTheStore() {
        // The store's DRAM is too small for the chain: part of it comes from its disk.
        final ServiceConfig small =
            ServiceConfig.ofHost(24L * BLOCK_BYTES).withDisk(DiskConfig.of(directory.resolve("disk"), 1L << 30));
        try (Member store = new Member("store", small,
            TransferConfig.ofLoopback(new io.spillway.domain.id.NodeId("store"), directory.resolve("store")));
            Member two = Member.start("two", directory)) {
            final List<BlockHash> chain = computeAndDie(store);
            final TieredBlockStore tiered = tiered(two);
            tiered.setPeers(List.of(store.asPeer(NodeRole.STORE)));
            Member.await(() -> two.transfer.isConnected(store.id));
            try (Arena arena = Arena.ofShared()) {
                Onboarded got = onboard(tiered, chain, arena);
                final long giveUpNanos = Member.in(20_000);
                // A victim that the store is just writing to its disk is nowhere for a moment.
                while (got.blocks() < BLOCKS && Member.CLOCK.nanoTime() - giveUpNanos < 0) {
                    got = onboard(tiered, chain, arena);
                }
                assertThat(got.blocks()).isEqualTo(BLOCKS);
                assertThat(onboard(tiered, chain, arena).tiers()).hasSize(BLOCKS).containsOnly(Tier.HOST);
            }
        }
    }

    @Test
    void aPeerNodeIsAskedWhereThereIsNoStore() {
        try (Member one = Member.start("one", directory); Member two = Member.start("two", directory);
            Arena arena = Arena.ofShared()) {
            final List<byte[]> blocks = blocks();
            final List<BlockHash> chain = one.store(1, blocks);
            final TieredBlockStore tiered = tiered(two);
            tiered.setPeers(List.of(one.asPeer(NodeRole.ENGINE)));
            Member.await(() -> two.transfer.isConnected(one.id));
            final Onboarded got = onboard(tiered, chain, arena);
            assertThat(got.tiers()).hasSize(BLOCKS).containsOnly(Tier.REMOTE);
        }
    }

    private List<BlockHash> computeAndDie(final Member store) {
        try (Member one = Member.start("one", directory)) {
            final TieredBlockStore tiered = tiered(one);
            tiered.setPeers(List.of(store.asPeer(NodeRole.STORE)));
            Member.await(() -> one.transfer.isConnected(store.id));
            final List<BlockHash> chain = new ArrayList<>();
            BlockHash parent = new BlockHash(1, -1);
            for (final byte[] bytes : blocks()) {
                final BlockHash hash = new BlockHash(1, chain.size());
                final CompletableFuture<Void> released = new CompletableFuture<>();
                assertThat(tiered.offload(
                    hash, parent, MemorySegment.ofArray(bytes), () -> released.complete(null))).isTrue();
                Member.get(released);
                chain.add(hash);
                parent = hash;
            }
            Member.await(() -> tiered.counters().stored() == BLOCKS);
            return chain;
        }
    }

    private static Onboarded onboard(final TieredBlockStore tiered, final List<BlockHash> chain, final Arena arena) {
        final Found found = Member.get(tiered.lookup(chain, Member.in(5000)));
        final List<MemorySegment> targets = new ArrayList<>();
        for (int i = 0; i < found.blocks(); i++) {
            targets.add(arena.allocate(BLOCK_BYTES));
        }
        final Onboarded got =
            Member.get(tiered.onboard(chain.subList(0, found.blocks()), found, targets, Member.in(10_000)));
        final List<byte[]> blocks = blocks();
        for (int i = 0; i < got.blocks(); i++) {
            assertThat(targets.get(i).mismatch(MemorySegment.ofArray(blocks.get(i)))).isEqualTo(-1);
        }
        return got;
    }

    private static TieredBlockStore tiered(final Member member) {
        return new TieredBlockStore(member.service, member.transfer, TieredConfig.DEFAULT, Member.CLOCK);
    }

    private static List<byte[]> blocks() {
        final List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < BLOCKS; i++) {
            blocks.add(Member.bytes(i, BLOCK_BYTES));
        }
        return blocks;
    }
}
