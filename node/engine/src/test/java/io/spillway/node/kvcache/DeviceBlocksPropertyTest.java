package io.spillway.node.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class DeviceBlocksPropertyTest {
    private static final BlockHash ROOT = new BlockHash(9, 9);

    /** Any sequence of legal calls keeps the books, evicts only the oldest leaf, and tells exactly what happened. */
    @Property(tries = 200)
    void booksAddUpAfterEveryCall(@ForAll final long seed) {
        final Random random = new Random(seed);
        final Set<BlockHash> told = new HashSet<>();
        final DeviceBlocks blocks = new DeviceBlocks(3 + random.nextInt(12), event -> apply(event, told));
        final List<Integer> leases = new ArrayList<>();
        for (int step = 0; step < 200; step++) {
            switch (random.nextInt(6)) {
                case 0 -> acquire(blocks, leases);
                case 1 -> publish(blocks, leases, random);
                case 2 -> leaseCached(blocks, leases, random);
                case 3 -> forget(blocks, random);
                case 4 -> keep(blocks, leases, random, step);
                default -> release(blocks, leases, random, step);
            }
            blocks.checkInvariants();
            assertThat(blocks.held()).extracting(KvEvent.BlockStored::hash).containsExactlyInAnyOrderElementsOf(told);
        }
        leases.forEach(blocks::release);
        assertThat(blocks.leased()).isZero();
        assertThat(blocks.allocatable()).isEqualTo(blocks.total());
        blocks.clear();
        assertThat(told).isEmpty();
        blocks.checkInvariants();
    }

    private static void apply(final KvEvent event, final Set<BlockHash> told) {
        switch (event) {
            case KvEvent.BlockStored stored -> assertThat(told.add(stored.hash())).isTrue();
            case KvEvent.BlockRemoved removed -> assertThat(told.remove(removed.hash())).isTrue();
            case KvEvent.AllBlocksCleared() -> told.clear();
        }
    }

    private static void acquire(final DeviceBlocks blocks, final List<Integer> leases) {
        final int allocatable = blocks.allocatable();
        final int block = blocks.acquire();
        assertThat(block == DeviceBlocks.NONE).isEqualTo(allocatable == 0);
        if (block != DeviceBlocks.NONE) {
            assertThat(blocks.allocatable()).isEqualTo(allocatable - 1);
            leases.add(block);
        }
    }

    private static void publish(final DeviceBlocks blocks, final List<Integer> leases, final Random random) {
        final List<Integer> nameless = leases.stream().filter(block -> blocks.hash(block) == null).toList();
        if (nameless.isEmpty()) {
            return;
        }
        final List<Integer> parents = leases.stream().filter(block -> blocks.hash(block) != null).toList();
        final int parent = parents.isEmpty() || random.nextInt(4) == 0
            ? DeviceBlocks.NONE : parents.get(random.nextInt(parents.size()));
        final BlockHash parentHash = parent == DeviceBlocks.NONE ? ROOT : blocks.hash(parent);
        final BlockHash hash = new BlockHash(parentHash.low(), parentHash.low() * 31 + random.nextInt(3));
        final boolean isThere = blocks.find(hash) != DeviceBlocks.NONE;
        final int block = nameless.get(random.nextInt(nameless.size()));
        assertThat(blocks.publish(block, hash, parentHash, parent)).isEqualTo(!isThere);
    }

    private static void leaseCached(final DeviceBlocks blocks, final List<Integer> leases, final Random random) {
        final List<Integer> named =
            IntStream.range(0, blocks.total()).filter(block -> blocks.hash(block) != null).boxed().toList();
        if (!named.isEmpty()) {
            final int block = named.get(random.nextInt(named.size()));
            blocks.lease(block);
            leases.add(block);
        }
    }

    private static void forget(final DeviceBlocks blocks, final Random random) {
        final int block = random.nextInt(blocks.total());
        final boolean canForget =
            blocks.hash(block) != null && blocks.leases(block) == 0 && blocks.children(block) == 0;
        assertThat(blocks.forget(block)).isEqualTo(canForget);
    }

    private static void keep(final DeviceBlocks blocks, final List<Integer> leases, final Random random, final int step) {
        final List<Integer> named = leases.stream().filter(block -> blocks.hash(block) != null).toList();
        if (!named.isEmpty()) {
            final int before = blocks.kept();
            final boolean isKept = blocks.keep(named.get(random.nextInt(named.size())), step + random.nextInt(30), step);
            assertThat(isKept || before == blocks.total() / 2).isTrue();
        }
    }

    private static void release(
        final DeviceBlocks blocks, final List<Integer> leases, final Random random, final int step) {
        if (!leases.isEmpty()) {
            final int block = leases.remove(random.nextInt(leases.size()));
            blocks.touch(block, step);
            blocks.release(block);
        }
    }

    @Test
    void evictsTheLeastRecentlyUsedLeafFirst() {
        final List<KvEvent> events = new ArrayList<>();
        final DeviceBlocks blocks = new DeviceBlocks(4, events::add);
        final int[] chainA = chain(blocks, 2, 100);
        final int[] chainB = chain(blocks, 2, 200);
        giveBack(blocks, chainB, 5);
        giveBack(blocks, chainA, 9);
        events.clear();
        for (int i = 0; i < 4; i++) {
            blocks.acquire();
        }
        // B is older than A; in each, the child goes before its parent.
        assertThat(events).containsExactly(removed(201), removed(200), removed(101), removed(100));
        assertThat(blocks.acquire()).isEqualTo(DeviceBlocks.NONE);
    }

    @Test
    void whatIsToBeKeptGoesLastAndWhenItsTimeIsOverLikeAnyOther() {
        final List<KvEvent> events = new ArrayList<>();
        final DeviceBlocks blocks = new DeviceBlocks(4, events::add);
        final int[] kept = chain(blocks, 2, 100);
        final int[] other = chain(blocks, 2, 200);
        assertThat(blocks.keep(kept[0], 50, 1)).isTrue();
        assertThat(blocks.keep(kept[1], 50, 1)).isTrue();
        assertThat(blocks.keep(other[0], 50, 1)).as("half of the blocks are kept already").isFalse();
        assertThat(blocks.keep(kept[1], 40, 1)).as("an earlier moment changes nothing").isTrue();
        giveBack(blocks, kept, 5);
        giveBack(blocks, other, 9);
        events.clear();
        for (int i = 0; i < 4; i++) {
            blocks.acquire();
        }
        assertThat(events).as("the older ones go after the younger, and do go").containsExactly(removed(201), removed(200), removed(101), removed(100));
        assertThat(blocks.kept()).isZero();
    }

    @Test
    void aTimeThatIsOverMakesRoomForAnother() {
        final DeviceBlocks blocks = new DeviceBlocks(2, event -> { });
        final int[] chain = chain(blocks, 2, 100);
        assertThat(blocks.keep(chain[0], 10, 1)).isTrue();
        assertThat(blocks.keep(chain[1], 20, 9)).isFalse();
        assertThat(blocks.keep(chain[1], 20, 10)).isTrue();
        assertThat(blocks.kept()).isEqualTo(1);
    }

    @Test
    void ancestorsOfALeasedBlockAreNeitherEvictedNorCountedAsAllocatable() {
        final DeviceBlocks blocks = new DeviceBlocks(4, event -> { });
        final int[] chain = chain(blocks, 3, 100);
        blocks.release(chain[0]);
        blocks.release(chain[1]);
        assertThat(blocks.cached()).isEqualTo(2);
        assertThat(blocks.allocatable()).isEqualTo(1);
        assertThat(blocks.acquire()).isNotEqualTo(DeviceBlocks.NONE);
        assertThat(blocks.acquire()).isEqualTo(DeviceBlocks.NONE);
        blocks.release(chain[2]);
        assertThat(blocks.allocatable()).isEqualTo(3);
    }

    @Test
    void misuseIsRefused() {
        final DeviceBlocks blocks = new DeviceBlocks(2, event -> { });
        final int block = blocks.acquire();
        blocks.release(block);
        assertThatThrownBy(() -> blocks.release(block)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> blocks.lease(block)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> blocks.touch(block, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> blocks.keep(block, 1, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> blocks.publish(block, ROOT, ROOT, DeviceBlocks.NONE))
            .isInstanceOf(IllegalStateException.class);
        blocks.acquire();
        assertThatThrownBy(blocks::clear).hasMessageContaining("still leased");
    }

    private static int[] chain(final DeviceBlocks blocks, final int count, final int firstHash) {
        final int[] chain = new int[count];
        for (int i = 0; i < count; i++) {
            chain[i] = blocks.acquire();
            blocks.publish(chain[i], hash(firstHash + i), i == 0 ? ROOT : hash(firstHash + i - 1),
                i == 0 ? DeviceBlocks.NONE : chain[i - 1]);
        }
        return chain;
    }

    private static void giveBack(final DeviceBlocks blocks, final int[] chain, final long nowNanos) {
        for (int i = chain.length - 1; i >= 0; i--) {
            blocks.touch(chain[i], nowNanos);
            blocks.release(chain[i]);
        }
    }

    private static BlockHash hash(final int value) {
        return new BlockHash(0, value);
    }

    private static KvEvent removed(final int value) {
        return new KvEvent.BlockRemoved(hash(value), Tier.DEVICE);
    }
}
