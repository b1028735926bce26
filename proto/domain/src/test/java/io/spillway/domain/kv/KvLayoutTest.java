package io.spillway.domain.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class KvLayoutTest {
    /** The regions of all heads tile the block: nothing overlaps, nothing is left over. */
    @Property(tries = 200)
    void regionsTileTheBlock(
        @ForAll @IntRange(min = 1, max = 5) final int layers, @ForAll @IntRange(min = 1, max = 4) final int heads,
        @ForAll @IntRange(min = 1, max = 9) final int headDim, @ForAll @IntRange(min = 0, max = 6) final int shift,
        @ForAll final KvElement element) {
        final KvLayout layout = new KvLayout(layers, heads, element == KvElement.I4 ? 2 * headDim : headDim, 1 << shift, element);
        final List<Long> starts = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            for (int head = 0; head < heads; head++) {
                starts.add(layout.keyOffset(layer, head));
                starts.add(layout.valueOffset(layer, head));
            }
        }
        starts.sort(Long::compare);
        for (int i = 0; i < starts.size(); i++) {
            assertThat(starts.get(i)).isEqualTo(i * layout.headBytes());
        }
        assertThat(layout.blockBytes()).isEqualTo(starts.size() * layout.headBytes());
        assertThat(8 * layout.numberBytes()).isGreaterThanOrEqualTo((long) layout.headDim() * layout.blockTokens() * element.bits());
        if (element.isQuantised()) {
            assertThat(layout.scalesOffset() % KvLayout.ALIGNMENT_BYTES).isZero();
            assertThat(layout.headBytes() % KvLayout.ALIGNMENT_BYTES).isZero();
            assertThat(layout.headBytes() - layout.minimaOffset()).isGreaterThanOrEqualTo(2L * layout.blockTokens());
        } else {
            assertThat(layout.scaleBytes()).isZero();
        }
    }

    /** Stored in blocks on disks: these never change. */
    @Test
    void bytesOfATokenByElement() {
        final long[] expected = {2048, 1024, 1024, 544, 544, 288};
        for (int i = 0; i < expected.length; i++) {
            final KvLayout layout = new KvLayout(1, 4, 64, 64, KvElement.ofNumber(i + 1));
            assertThat(layout.blockBytes()).as("%s", layout.element()).isEqualTo(64 * expected[i]);
        }
    }

    @Test
    void tokensToBlocks() {
        final KvLayout layout = new KvLayout(1, 1, 1, 64, KvElement.F32);
        assertThat(layout.blocksFor(0)).isZero();
        assertThat(layout.blocksFor(65)).isEqualTo(2);
        assertThat(layout.fullBlocks(127)).isEqualTo(1);
    }

    @Test
    void badShapesAreRefused() {
        assertThatThrownBy(() -> new KvLayout(1, 0, 1, 64, KvElement.F32)).hasMessageContaining("kvHeads");
        assertThatThrownBy(() -> new KvLayout(1, 1, 1, 48, KvElement.F32)).hasMessageContaining("power of two");
        assertThatThrownBy(() -> new KvLayout(1, 1, 1, 2048, KvElement.F32)).hasMessageContaining("1024");
        assertThatThrownBy(() -> new KvLayout(1, 1, 3, 64, KvElement.I4)).hasMessageContaining("even");
    }
}
