package io.spillway.kvstore.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RendezvousTest {
    @Property(tries = 100)
    void onlyTheShareOfALostStoreMoves(@ForAll final long seed, @ForAll @IntRange(min = 2, max = 8) final int count) {
        final Random random = new Random(seed);
        final List<NodeId> stores = stores(count);
        final NodeId lost = stores.get(random.nextInt(count));
        final List<NodeId> rest = new ArrayList<>(stores);
        rest.remove(lost);
        for (int i = 0; i < 50; i++) {
            final BlockHash chain = new BlockHash(random.nextLong(), random.nextLong());
            final NodeId before = Rendezvous.choose(chain, stores).orElseThrow();
            Collections.shuffle(stores, random);
            assertThat(Rendezvous.choose(chain, stores)).contains(before);
            if (!before.equals(lost)) {
                assertThat(Rendezvous.choose(chain, rest)).contains(before);
            }
        }
    }

    @Test
    void sharesAreEven() {
        final List<NodeId> stores = stores(4);
        final Map<NodeId, Integer> shares = new HashMap<>();
        final Random random = new Random(1);
        for (int i = 0; i < 4000; i++) {
            final BlockHash chain = new BlockHash(random.nextLong(), random.nextLong());
            shares.merge(Rendezvous.choose(chain, stores).orElseThrow(), 1, Integer::sum);
        }
        assertThat(shares.values()).allMatch(share -> share > 850 && share < 1150);
        assertThat(Rendezvous.choose(new BlockHash(1, 1), List.of())).isEmpty();
    }

    private static List<NodeId> stores(final int count) {
        final List<NodeId> stores = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            stores.add(new NodeId("store-" + i));
        }
        return stores;
    }
}
