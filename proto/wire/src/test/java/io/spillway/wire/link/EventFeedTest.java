package io.spillway.wire.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class EventFeedTest {
    private static final BlockHash ROOT = new BlockHash(0, 0);

    @Property(tries = 300)
    void aFollowerOfAnySpeedSeesWhatIsHeld(@ForAll final long seed) {
        final Random random = new Random(seed);
        final EventFeed feed = new EventFeed(new NodeId("n"), 8);
        feed.beginEpoch(1);
        final EventFeed.Cursor cursor = feed.cursor();
        final Set<String> truth = new HashSet<>();
        final Set<String> seen = new HashSet<>();
        long expected = -1;
        for (int step = 0; step < 100; step++) {
            if (random.nextInt(3) > 0) {
                feed.append(event(random, truth));
            } else {
                expected = follow(cursor.poll(1 + random.nextInt(4)), expected, seen);
            }
        }
        for (KvEventBatch batch = cursor.poll(3); batch != null; batch = cursor.poll(3)) {
            expected = follow(batch, expected, seen);
        }
        assertThat(seen).isEqualTo(truth);
    }

    @Test
    void aNewEpochStartsOverWithASnapshot() {
        final EventFeed feed = new EventFeed(new NodeId("n"), 8);
        feed.beginEpoch(1);
        feed.append(new KvEvent.BlockStored(new BlockHash(1, 1), ROOT, Tier.HOST));
        final EventFeed.Cursor cursor = feed.cursor();
        assertThat(cursor.poll(9).snapshot()).isTrue();
        assertThat(cursor.poll(9)).isNull();
        feed.beginEpoch(2);
        final KvEventBatch again = cursor.poll(9);
        assertThat(again.epoch()).isEqualTo(2);
        assertThat(again.snapshot()).isTrue();
        assertThat(again.events()).hasSize(1);
        assertThat(again.nextSequence()).isEqualTo(1);
    }

    private static KvEvent event(final Random random, final Set<String> truth) {
        final BlockHash hash = new BlockHash(0, 1 + random.nextInt(6));
        final Tier tier = Tier.values()[random.nextInt(4)];
        if (random.nextInt(20) == 0) {
            truth.clear();
            return new KvEvent.AllBlocksCleared();
        }
        if (random.nextBoolean()) {
            truth.add(hash + "/" + tier);
            return new KvEvent.BlockStored(hash, ROOT, tier);
        }
        truth.remove(hash + "/" + tier);
        return new KvEvent.BlockRemoved(hash, tier);
    }

    private static long follow(final KvEventBatch batch, final long expected, final Set<String> seen) {
        if (batch == null) {
            return expected;
        }
        if (batch.snapshot()) {
            seen.clear();
        } else {
            assertThat(batch.firstSequence()).isEqualTo(expected);
        }
        for (final KvEvent event : batch.events()) {
            switch (event) {
                case KvEvent.BlockStored(BlockHash hash, BlockHash parent, Tier tier) -> seen.add(hash + "/" + tier);
                case KvEvent.BlockRemoved(BlockHash hash, Tier tier) -> seen.remove(hash + "/" + tier);
                case KvEvent.AllBlocksCleared() -> seen.clear();
            }
        }
        return batch.nextSequence();
    }
}
