package io.spillway.node.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.BlockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class KvCacheTest {
    private static final int BLOCK_BYTES = 32;
    private static final BlockHash ROOT = new BlockHash(1, 0);
    private static final List<BlockHash> CHAIN = List.of(new BlockHash(1, 1), new BlockHash(1, 2), new BlockHash(1, 3));

    private final List<KvEvent> events = new ArrayList<>();
    private final MemorySegment slab = Arena.ofAuto().allocate(4 * BLOCK_BYTES, 8);
    private final KvCache cache = new KvCache(slab, new KvCache.Shape(4, 4, BLOCK_BYTES), events::add);

    private MemorySegment segment(final int block) {
        return slab.asSlice((long) block * BLOCK_BYTES, BLOCK_BYTES);
    }

    private BlockTable published(final int count) {
        final BlockTable table = new BlockTable();
        assertThat(cache.grow(table, 4 * count)).isTrue();
        for (int i = 0; i < count; i++) {
            segment(table.block(i)).fill((byte) (i + 1));
            cache.publish(table, CHAIN.get(i), i == 0 ? ROOT : CHAIN.get(i - 1));
        }
        return table;
    }

    @Test
    void theSecondToFillABlockTakesTheFirstOnesAndFreesItsOwn() {
        final BlockTable first = new BlockTable();
        final BlockTable second = new BlockTable();
        cache.grow(first, 4);
        cache.grow(second, 4);
        assertThat(cache.publish(first, CHAIN.getFirst(), ROOT)).isEqualTo(first.block(0));
        assertThat(cache.publish(second, CHAIN.getFirst(), ROOT)).isEqualTo(DeviceBlocks.NONE);
        assertThat(second.block(0)).isEqualTo(first.block(0));
        assertThat(cache.blocks().leases(first.block(0))).isEqualTo(2);
        assertThat(cache.blocks().free()).isEqualTo(3);
        assertThat(events).containsExactly(new KvEvent.BlockStored(CHAIN.getFirst(), ROOT, Tier.DEVICE));
        cache.blocks().checkInvariants();
    }

    @Test
    void aMatchStopsAtTheFirstMissingBlockAndAtItsLimit() {
        cache.release(published(2), 1);
        final BlockTable table = new BlockTable();
        assertThat(cache.match(table, CHAIN, 1)).isEqualTo(1);
        assertThat(cache.match(table, CHAIN, 3)).isEqualTo(1);
        assertThat(table.published()).isEqualTo(2);
        cache.grow(table, 9);
        assertThatThrownBy(() -> cache.match(table, CHAIN, 3)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aCopyHasTheBytesAndNoIdentity() {
        final BlockTable owner = published(2);
        final BlockTable table = new BlockTable();
        cache.match(table, CHAIN, 1);
        assertThat(cache.appendCopy(table, CHAIN.get(1))).isTrue();
        assertThat(table.block(1)).isNotEqualTo(owner.block(1));
        assertThat(segment(table.block(1)).mismatch(segment(owner.block(1)))).isEqualTo(-1);
        assertThat(cache.blocks().hash(table.block(1))).isNull();
        assertThat(cache.appendCopy(new BlockTable(), CHAIN.get(2))).as("nothing to copy").isFalse();
    }

    @Test
    void aCopyNeverEvictsWhatItCopies() {
        cache.release(published(3), 1);
        final BlockTable others = new BlockTable();
        cache.grow(others, 4);
        final BlockTable table = new BlockTable();
        cache.match(table, CHAIN, 2);
        assertThat(cache.appendCopy(table, CHAIN.get(2))).as("only its own source could make room").isFalse();
        assertThat(cache.blocks().find(CHAIN.get(2))).isNotEqualTo(DeviceBlocks.NONE);
        cache.blocks().checkInvariants();
    }

    @Test
    void growingIsAllOrNothing() {
        final BlockTable table = published(2);
        assertThat(cache.grow(table, 17)).isFalse();
        assertThat(table.count()).isEqualTo(2);
        assertThat(cache.grow(table, 16)).isTrue();
        assertThat(cache.reclaimable(table)).isEqualTo(4);
    }

    @Test
    void discardForgetsWhatOnlyTheTableUses() {
        final BlockTable table = published(3);
        final BlockTable other = new BlockTable();
        cache.match(other, CHAIN, 1);
        cache.discard(table, 1);
        assertThat(cache.blocks().held()).extracting(KvEvent.BlockStored::hash).containsExactly(CHAIN.getFirst());
        assertThat(cache.blocks().free()).isEqualTo(3);
        cache.blocks().checkInvariants();
    }

    /** Takes or refuses as it is told; releases when the test says. */
    private static final class Store implements BlockStore {
        private final List<Byte> firstBytes = new ArrayList<>();
        private final List<Runnable> borrowed = new ArrayList<>();
        private boolean accepts = true;

        @Override
        public boolean offload(
            final BlockHash hash, final BlockHash parent, final MemorySegment bytes, final Runnable released) {
            if (accepts) {
                firstBytes.add(bytes.get(ValueLayout.JAVA_BYTE, 0));
                borrowed.add(released);
            }
            return accepts;
        }

        @Override
        public CompletableFuture<Found> lookup(final List<BlockHash> blocks, final long deadlineNanos) {
            throw new AssertionError("not asked here");
        }

        @Override
        public CompletableFuture<Onboarded> onboard(final List<BlockHash> blocks, final Found found,
            final List<MemorySegment> targets, final long deadlineNanos) {
            throw new AssertionError("not asked here");
        }

        @Override
        public NodeLoad.TierUse tierUse() {
            return NodeLoad.TierUse.NONE;
        }

        @Override
        public void close() {
            // holds nothing
        }
    }

    @Test
    void offloadsInOrderAndTriesAgainUntilTooOld() {
        final Store store = new Store();
        final int[] wakeUps = new int[1];
        final WriteBehind writeBehind =
            new WriteBehind(store, cache, new WriteBehind.Limits(2, 1, 1000, 10), () -> wakeUps[0]++);
        final BlockTable table = published(3);
        for (int i = 0; i < 3; i++) {
            writeBehind.offer(table.block(i), 0); // the third finds no room
        }
        cache.release(table, 0);
        assertThat(cache.blocks().leased()).isEqualTo(2);

        store.accepts = false;
        assertThat(writeBehind.poll(1)).isZero();
        store.accepts = true;
        assertThat(writeBehind.poll(5)).as("not before the pause is over").isZero();
        assertThat(writeBehind.poll(11)).isEqualTo(1);
        assertThat(writeBehind.poll(12)).as("one at a time").isZero();
        store.borrowed.getFirst().run();
        store.borrowed.getFirst().run();
        assertThat(wakeUps[0]).isEqualTo(1);
        assertThat(writeBehind.poll(1500)).as("one back, one dropped as too old").isEqualTo(2);
        assertThat(store.firstBytes).containsExactly((byte) 1);
        assertThat(writeBehind.counts()).isEqualTo(new WriteBehind.Counts(1, 1, 2));
        assertThat(cache.blocks().leased()).isZero();
    }

    @Test
    void waitingBlocksYieldToSequences() {
        final WriteBehind writeBehind =
            new WriteBehind(new Store(), cache, new WriteBehind.Limits(8, 1, 1000, 10), () -> { });
        final BlockTable table = published(3);
        for (int i = 0; i < 3; i++) {
            writeBehind.offer(table.block(i), 0);
        }
        cache.release(table, 0);
        assertThat(cache.blocks().allocatable()).isEqualTo(1);
        writeBehind.yieldFor(2);
        assertThat(cache.blocks().allocatable()).isEqualTo(2);
        assertThat(writeBehind.waiting()).isEqualTo(2);
        writeBehind.dropWaiting();
        assertThat(cache.blocks().allocatable()).isEqualTo(4);
    }
}
