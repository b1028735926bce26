package io.spillway.coordinator.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.prefix.PrefixIndex.Applied;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PrefixIndexTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final NodeId STORE = new NodeId("store");

    private final PrefixIndex index = new PrefixIndex();

    @Test
    void runsNestAndStopAtTheFirstBlockThatIsMissing() {
        index.apply(snapshot(A, 1, 1, stored(0, Tier.DEVICE), stored(1, Tier.DEVICE), stored(2, Tier.HOST), stored(4, Tier.DEVICE)));
        index.apply(snapshot(STORE, 2, 1, stored(0, Tier.DISK), stored(1, Tier.HOST), stored(2, Tier.HOST), stored(3, Tier.DISK)));
        final PrefixMatches matches = index.match(chain(6));
        assertThat(matches.of(A)).isEqualTo(new PrefixRuns(2, 3, 5));
        assertThat(matches.of(STORE)).isEqualTo(new PrefixRuns(0, 4, 4));
        assertThat(matches.of(B)).isEqualTo(new PrefixRuns(0, 0, 4));
    }

    @Test
    void whatIsOnlyOnAnotherNodesDeviceIsOutOfReach() {
        index.apply(snapshot(A, 1, 1, stored(0, Tier.DEVICE)));
        assertThat(index.match(chain(2)).of(B)).isEqualTo(PrefixRuns.NONE);
    }

    @Test
    void eventsApplyOnceAndInOrder() {
        assertThat(index.apply(changes(A, 1, 1, stored(0, Tier.DEVICE)))).isEqualTo(Applied.GAP);
        assertThat(index.apply(snapshot(A, 1, 5))).isEqualTo(Applied.OK);
        assertThat(index.apply(changes(A, 1, 5, stored(0, Tier.DEVICE)))).isEqualTo(Applied.OK);
        assertThat(index.apply(changes(A, 1, 5, stored(0, Tier.DEVICE)))).isEqualTo(Applied.STALE);
        assertThat(index.apply(changes(A, 1, 7, stored(2, Tier.DEVICE)))).isEqualTo(Applied.GAP);
        assertThat(index.apply(changes(A, 1, 5, removed(0, Tier.DEVICE), stored(1, Tier.DEVICE)))).isEqualTo(Applied.OK);
        assertThat(index.match(chain(3)).of(A)).as("the removal at 5 was a repeat").isEqualTo(new PrefixRuns(2, 2, 2));
        assertThat(index.apply(snapshot(A, 1, 6))).as("an old snapshot").isEqualTo(Applied.STALE);
        assertThat(index.apply(changes(A, 1, 8))).as("an empty batch shows a gap too").isEqualTo(Applied.GAP);
    }

    @Test
    void anEpochForgetsTheOneBefore() {
        index.apply(snapshot(A, 1, 1, stored(0, Tier.DEVICE)));
        assertThat(index.apply(changes(A, 2, 1, stored(1, Tier.DEVICE)))).isEqualTo(Applied.GAP);
        assertThat(index.apply(snapshot(A, 2, 1))).isEqualTo(Applied.OK);
        assertThat(index.match(chain(2)).of(A)).isEqualTo(PrefixRuns.NONE);
        assertThat(index.apply(snapshot(A, 1, 9, stored(0, Tier.DEVICE)))).isEqualTo(Applied.STALE);
        index.forget(A);
        assertThat(index.sources()).isEmpty();
    }

    @Test
    void sweepingRemovesWhatWasForgotten() {
        for (int round = 0; round < 5; round++) {
            final List<KvEvent> events = new ArrayList<>();
            for (int block = 0; block < 3000; block++) {
                events.add(stored(round * 1000 + block, Tier.DEVICE));
            }
            index.apply(new KvEventBatch(A, 1 + round, 1, true, events));
            index.apply(snapshot(B, 10 + round, 1, stored(round * 1000, Tier.HOST), stored(-1, Tier.HOST)));
        }
        while (index.sweep(100)) {
            // Until nothing is left over.
            assertThat(index.blocks()).isPositive();
        }
        assertThat(index.blocks()).isEqualTo(3001);
    }

    @Property(tries = 60)
    void agreesWithAPlainMap(@ForAll final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final Naive naive = new Naive();
        final PrefixIndex subject = new PrefixIndex();
        final int blocks = 1 + random.nextInt(random.nextBoolean() ? 12 : 1500);
        final long[] next = new long[4];
        final long[] epoch = new long[4];
        for (int step = 0; step < 80; step++) {
            final int source = random.nextInt(4);
            final NodeId id = new NodeId("n" + source);
            final int kind = random.nextInt(20);
            if (kind == 0) {
                subject.forget(id);
                naive.clear(id);
                next[source] = 0;
            } else if (kind == 1 || next[source] == 0) {
                final KvEventBatch batch = naive.snapshot(id, ++epoch[source], drawn(random, blocks, true));
                next[source] = batch.nextSequence();
                assertThat(subject.apply(batch)).isEqualTo(Applied.OK);
            } else {
                final KvEventBatch batch = new KvEventBatch(id, epoch[source], next[source], false, drawn(random, blocks, false));
                batch.events().forEach(event -> naive.apply(id, event));
                next[source] = batch.nextSequence();
                assertThat(subject.apply(batch)).isEqualTo(batch.events().isEmpty() ? Applied.STALE : Applied.OK);
            }
            subject.sweep(random.nextInt(700));
            naive.check(subject, random, blocks);
        }
        while (subject.sweep(1 << 20)) {
            assertThat(subject.blocks()).isNotNegative();
        }
        assertThat(subject.blocks()).isEqualTo(naive.blocks());
    }

    private static List<KvEvent> drawn(final SplittableRandom random, final int blocks, final boolean storedOnly) {
        final List<KvEvent> events = new ArrayList<>();
        for (int i = random.nextInt(blocks > 100 ? 600 : 30); i > 0; i--) {
            final int block = random.nextInt(blocks);
            final Tier tier = Tier.values()[random.nextInt(4)];
            final int kind = random.nextInt(100);
            events.add(storedOnly || kind < 60 ? stored(block, tier)
                : kind < 99 ? removed(block, tier) : new KvEvent.AllBlocksCleared());
        }
        return events;
    }

    static BlockHash hash(final int block) {
        // Few low bits differ: collisions and long probes happen.
        return new BlockHash(block, (long) (block % 7) << 3 | (long) block << 40);
    }

    static List<BlockHash> chain(final int blocks) {
        final List<BlockHash> chain = new ArrayList<>();
        for (int block = 0; block < blocks; block++) {
            chain.add(hash(block));
        }
        return chain;
    }

    static KvEvent stored(final int block, final Tier tier) {
        return new KvEvent.BlockStored(hash(block), hash(block - 1), tier);
    }

    static KvEvent removed(final int block, final Tier tier) {
        return new KvEvent.BlockRemoved(hash(block), tier);
    }

    static KvEventBatch snapshot(final NodeId source, final long epoch, final long first, final KvEvent... events) {
        return new KvEventBatch(source, epoch, first, true, List.of(events));
    }

    static KvEventBatch changes(final NodeId source, final long epoch, final long first, final KvEvent... events) {
        return new KvEventBatch(source, epoch, first, false, List.of(events));
    }

    /** The same by definition: sets of tiers in maps. */
    private static final class Naive {
        private final Map<NodeId, Map<BlockHash, Set<Tier>>> held = new TreeMap<>();

        void clear(final NodeId id) {
            held.remove(id);
        }

        KvEventBatch snapshot(final NodeId id, final long epoch, final List<KvEvent> events) {
            clear(id);
            events.forEach(event -> apply(id, event));
            return new KvEventBatch(id, epoch, 1, true, events);
        }

        void apply(final NodeId id, final KvEvent event) {
            final Map<BlockHash, Set<Tier>> blocks = held.computeIfAbsent(id, key -> new HashMap<>());
            switch (event) {
                case KvEvent.BlockStored(BlockHash hash, BlockHash _, Tier tier) -> {
                    if (tier != Tier.REMOTE) {
                        blocks.computeIfAbsent(hash, key -> EnumSet.noneOf(Tier.class)).add(tier);
                    }
                }
                case KvEvent.BlockRemoved(BlockHash hash, Tier tier) -> {
                    blocks.getOrDefault(hash, EnumSet.noneOf(Tier.class)).remove(tier);
                    if (blocks.getOrDefault(hash, Set.of()).isEmpty()) {
                        blocks.remove(hash);
                    }
                }
                case KvEvent.AllBlocksCleared() -> blocks.clear();
            }
        }

        long blocks() {
            return held.values().stream().flatMap(blocks -> blocks.keySet().stream()).distinct().count();
        }

        void check(final PrefixIndex subject, final SplittableRandom random, final int blocks) {
            final List<BlockHash> chain = new ArrayList<>();
            for (int i = random.nextInt(20), block = random.nextInt(blocks); i > 0; i--, block = (block + 1) % blocks) {
                chain.add(hash(block));
            }
            final PrefixMatches matches = subject.match(chain);
            for (final String id : List.of("n0", "n1", "n2", "n3", "elsewhere")) {
                assertThat(matches.of(new NodeId(id))).as(id).isEqualTo(runs(new NodeId(id), chain));
            }
        }

        private PrefixRuns runs(final NodeId id, final List<BlockHash> chain) {
            int device = 0;
            int own = 0;
            int reach = 0;
            while (device < chain.size() && tiers(id, chain.get(device)).contains(Tier.DEVICE)) {
                device++;
            }
            while (own < chain.size() && !tiers(id, chain.get(own)).isEmpty()) {
                own++;
            }
            while (reach < chain.size() && reachable(id, chain.get(reach))) {
                reach++;
            }
            return new PrefixRuns(device, own, reach);
        }

        private boolean reachable(final NodeId id, final BlockHash hash) {
            return !tiers(id, hash).isEmpty() || held.keySet().stream().anyMatch(other ->
                tiers(other, hash).contains(Tier.HOST) || tiers(other, hash).contains(Tier.DISK));
        }

        private Set<Tier> tiers(final NodeId id, final BlockHash hash) {
            return held.getOrDefault(id, Map.of()).getOrDefault(hash, Set.of());
        }
    }
}
