package io.spillway.domain.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HeadSplitTest {
    /** Every query head is somebody's, its key-value head is that rank's too, and each key-value head is kept by exactly one. */
    @Property(tries = 300)
    void everyHeadIsComputedWhereItsKeysAre(@ForAll @IntRange(min = 1, max = 6) final int kvHeads, @ForAll @IntRange(min = 1, max = 8) final int group,
        @ForAll @IntRange(min = 1, max = 16) final int ranks) {
        final HeadSplit split = new HeadSplit(kvHeads * group, kvHeads, ranks);
        if (!split.isPossible()) {
            assertThat(kvHeads * group % ranks != 0 || kvHeads % ranks != 0 && ranks % kvHeads != 0).isTrue();
            return;
        }
        final int[] computed = new int[kvHeads * group];
        final int[] kept = new int[kvHeads];
        for (int rank = 0; rank < ranks; rank++) {
            final int firstKv = split.firstKvHead(rank);
            for (int head = split.firstHead(rank); head < split.firstHead(rank) + split.rankHeads(); head++) {
                computed[head]++;
                assertThat(head / group).isBetween(firstKv, firstKv + split.rankKvHeads() - 1);
            }
            for (int head = firstKv; head < firstKv + split.rankKvHeads() && split.keeps(rank); head++) {
                kept[head]++;
            }
        }
        assertThat(computed).containsOnly(1);
        assertThat(kept).containsOnly(1);
        assertThat(split.isShared()).isEqualTo(ranks > kvHeads);
    }

    @Test
    void whatCannotBeDividedSaysSo() {
        assertThat(new HeadSplit(8, 2, 4).isPossible()).isTrue();
        assertThat(new HeadSplit(8, 4, 3).isPossible()).isFalse();
        assertThat(new HeadSplit(12, 4, 6).isPossible()).as("six ranks of four key-value heads").isFalse();
        assertThatThrownBy(() -> new HeadSplit(8, 2, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new HeadSplit(0, 2, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Whole blocks taken apart and put together again are the same bytes; every byte of a shard stands where its own layout says. */
    @Property(tries = 150)
    void shardsOfABlockMakeUpTheBlock(@ForAll @IntRange(min = 1, max = 4) final int layers, @ForAll @IntRange(min = 1, max = 6) final int kvHeads,
        @ForAll @IntRange(min = 1, max = 12) final int ranks, @ForAll final KvElement element, @ForAll final long seed) {
        final HeadSplit split = new HeadSplit(kvHeads * ranks, kvHeads, ranks);
        if (!split.isPossible()) {
            return;
        }
        final KvLayout whole = new KvLayout(layers, kvHeads, 6, 16, element);
        final byte[] block = new byte[(int) whole.blockBytes()];
        new Random(seed).nextBytes(block);
        final byte[] again = new byte[block.length];
        for (int rank = 0; rank < ranks; rank++) {
            final KvShard shard = KvShard.of(whole, split, rank);
            final byte[] own = new byte[(int) shard.layout().blockBytes()];
            for (int piece = 0; piece < shard.pieceCount(); piece++) {
                System.arraycopy(block, (int) shard.wholeOffset(piece), own, (int) shard.shardOffset(piece), (int) shard.pieceBytes());
            }
            assertHeads(shard, own, block);
            for (int piece = 0; piece < shard.pieceCount(); piece++) {
                System.arraycopy(own, (int) shard.shardOffset(piece), again, (int) shard.wholeOffset(piece), (int) shard.pieceBytes());
            }
        }
        assertThat(again).isEqualTo(block);
    }

    private static void assertHeads(final KvShard shard, final byte[] own, final byte[] block) {
        final KvLayout whole = shard.whole();
        final int bytes = (int) whole.headBytes();
        for (int layer = 0; layer < whole.layers(); layer++) {
            for (int head = 0; head < shard.heads(); head++) {
                assertSame(own, shard.layout().keyOffset(layer, head), block, whole.keyOffset(layer, shard.firstHead() + head), bytes);
                assertSame(own, shard.layout().valueOffset(layer, head), block, whole.valueOffset(layer, shard.firstHead() + head), bytes);
            }
        }
    }

    private static void assertSame(final byte[] a, final long atA, final byte[] b, final long atB, final int bytes) {
        assertThat(java.util.Arrays.equals(a, (int) atA, (int) atA + bytes, b, (int) atB, (int) atB + bytes)).isTrue();
    }

    @Test
    void aShardBeyondTheHeadsIsRefused() {
        final KvLayout whole = new KvLayout(1, 4, 8, 16, KvElement.F16);
        assertThatThrownBy(() -> new KvShard(whole, 3, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new KvShard(whole, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
