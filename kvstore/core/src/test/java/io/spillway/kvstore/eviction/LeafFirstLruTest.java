package io.spillway.kvstore.eviction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.kv.BlockHash;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LeafFirstLruTest {
    /** Against a model that looks at everything every time. */
    @Property(tries = 300)
    void choosesAsTheNaiveModelDoes(@ForAll final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final LeafFirstLru lru = new LeafFirstLru();
        final Map<BlockHash, Naive> model = new LinkedHashMap<>();
        long now = 0;
        for (int step = 0; step < 150; step++) {
            now++;
            final List<BlockHash> held = new ArrayList<>(model.keySet());
            final BlockHash one = held.isEmpty() ? null : held.get(random.nextInt(held.size()));
            switch (one == null ? 0 : random.nextInt(6)) {
                case 0, 1 -> {
                    final BlockHash hash = new BlockHash(seed, step);
                    // Sometimes a parent that was removed, sometimes one that never was.
                    final BlockHash parent =
                        one != null && random.nextInt(4) > 0 ? one : new BlockHash(seed, -1 - random.nextInt(step + 1));
                    lru.add(hash, parent);
                    model.put(hash, new Naive(parent, now));
                }
                case 2 -> {
                    lru.touch(one);
                    model.get(one).lastUse = now;
                }
                case 3 -> {
                    lru.pin(one);
                    model.get(one).pins++;
                }
                case 4 -> {
                    if (model.get(one).pins > 0) {
                        lru.unpin(one);
                        model.get(one).pins--;
                    }
                }
                default -> {
                    lru.remove(one);
                    model.remove(one);
                }
            }
            assertThat(lru.victim()).isEqualTo(naiveVictim(model));
            assertThat(lru.size()).isEqualTo(model.size());
        }
    }

    @Test
    void aChainIsEatenFromItsEnd() {
        final LeafFirstLru lru = new LeafFirstLru();
        BlockHash parent = new BlockHash(0, 100);
        for (int i = 0; i < 5; i++) {
            lru.add(new BlockHash(0, i), parent);
            parent = new BlockHash(0, i);
        }
        for (int i = 4; i >= 0; i--) {
            assertThat(lru.victim()).contains(new BlockHash(0, i));
            lru.remove(new BlockHash(0, i));
        }
        assertThat(lru.victim()).isEmpty();
    }

    @Test
    void misuseIsABug() {
        final LeafFirstLru lru = new LeafFirstLru();
        final BlockHash hash = new BlockHash(0, 1);
        assertThatThrownBy(() -> lru.touch(hash)).isInstanceOf(IllegalStateException.class);
        lru.add(hash, new BlockHash(0, 0));
        assertThatThrownBy(() -> lru.add(hash, new BlockHash(0, 0))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> lru.unpin(hash)).isInstanceOf(IllegalStateException.class);
    }

    private static Optional<BlockHash> naiveVictim(final Map<BlockHash, Naive> model) {
        final Comparator<Map.Entry<BlockHash, Naive>> leavesFirst = Comparator.comparing(
            entry -> model.values().stream().anyMatch(other -> other.parent.equals(entry.getKey())));
        return model.entrySet().stream()
            .filter(entry -> entry.getValue().pins == 0)
            .min(leavesFirst.thenComparing(Comparator.comparingLong(entry -> entry.getValue().lastUse)))
            .map(Map.Entry::getKey);
    }

    private static final class Naive {
        private final BlockHash parent;
        private long lastUse;
        private int pins;

        private Naive(final BlockHash parent, final long lastUse) {
            this.parent = parent;
            this.lastUse = lastUse;
        }
    }
}
