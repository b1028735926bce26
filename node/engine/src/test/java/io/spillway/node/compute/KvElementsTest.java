package io.spillway.node.compute;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What is read back from the cache is what was stored, within the bound of its element. */
class KvElementsTest {
    private static final int KV_HEADS = 2;

    /** @param spread the largest magnitude, or for I4 the distance from least to most @return the greatest allowed error */
    private static double bound(final KvElement element, final float x, final float spread) {
        final double ulps = spread * 1e-6 + (spread < KvRounding.SMALLEST ? spread : 0);
        return switch (element) {
            case F32 -> 0;
            case F16 -> Math.max(Math.abs(x) * 0x1p-11, 0x1p-25);
            case BF16 -> Math.max(Math.abs(x) * 0x1p-8, 0x1p-134);
            case F8 -> Math.max(Math.abs(x) * 0x1p-4, spread / 448 * 0x1p-10) + ulps;
            case I8 -> spread / 127 / 2 + ulps;
            case I4 -> spread / 15 * 0.5 + (Math.abs(x) + spread) * 0x1p-10 + 0x1p-20; // scale and minimum are halves
        };
    }

    @Property(tries = 300)
    void storedNumbersComeBack(@ForAll final long seed, @ForAll final KvElement element, @ForAll @IntRange(min = 1, max = 40) final int halfDim,
            @ForAll @IntRange(min = 4, max = 7) final int blockBits) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, KV_HEADS, 2 * halfDim, 1 << blockBits, element);
        final float size = (float) Math.pow(10, random.nextInt(4) - 2);
        final int position = random.nextInt(3 * layout.blockTokens());
        try (Slab slab = Slab.allocate(3 * layout.blockBytes())) {
            final KvRows rows = rows(layout, slab, position, 1);
            final Tensor keys = random(random, KV_HEADS * layout.headDim(), size);
            final Tensor values = random(random, KV_HEADS * layout.headDim(), size);
            for (int head = 0; head < KV_HEADS; head++) {
                KvElements.storeHead(rows, 1, 0, head, keys, values);
                assertHead(rows, head, keys, true);
                assertHead(rows, head, values, false);
            }
        }
    }

    private static void assertHead(final KvRows rows, final int head, final Tensor stored, final boolean isKey) {
        final KvLayout layout = rows.layout();
        final int token = rows.position(0) % layout.blockTokens();
        final long at = rows.blockOffset(0, rows.position(0) / layout.blockTokens())
                + (isKey ? layout.keyOffset(1, head) : layout.valueOffset(1, head));
        final int from = head * layout.headDim();
        final float spread = layout.element() == KvElement.I4
                ? KvRounding.most(stored.values(), from, layout.headDim()) - KvRounding.least(stored.values(), from, layout.headDim())
                : KvRounding.greatest(stored.values(), from, layout.headDim());
        for (int d = 0; d < layout.headDim(); d++) {
            final float number = isKey ? KvElements.keyNumber(rows.slab(), layout, at, d, token)
                    : KvElements.valueNumber(rows.slab(), layout, at, token, d);
            final double back = (double) number * KvElements.scale(rows.slab(), layout, at, token)
                    + KvElements.minimum(rows.slab(), layout, at, token);
            final float x = stored.values()[from + d];
            assertThat(Math.abs(back - x)).as("%s came back as %s", x, back).isLessThanOrEqualTo(bound(layout.element(), x, spread));
        }
    }

    /** A token's bytes are its own: neighbours keep theirs whatever the order of writes, and nothing else is written. */
    @Property(tries = 60)
    void theOrderOfWritesDoesNotMatter(@ForAll final long seed, @ForAll final KvElement element, @ForAll @IntRange(min = 1, max = 20) final int halfDim) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, KV_HEADS, 2 * halfDim, 16, element);
        final int count = 40;
        final Tensor keys = random(random, count * KV_HEADS * layout.headDim(), 1);
        final Tensor values = random(random, count * KV_HEADS * layout.headDim(), 1);
        final Tensor rowKeys = new Tensor(keys.values(), KV_HEADS * layout.headDim());
        final Tensor rowValues = new Tensor(values.values(), KV_HEADS * layout.headDim());
        try (Slab forth = Slab.allocate(3 * layout.blockBytes()); Slab back = Slab.allocate(3 * layout.blockBytes())) {
            final KvRows forthRows = rows(layout, forth, 0, count);
            final KvRows backRows = rows(layout, back, 0, count);
            for (int row = 0; row < count; row++) {
                for (int head = 0; head < KV_HEADS; head++) {
                    KvElements.storeHead(forthRows, 1, row, head, rowKeys, rowValues);
                    KvElements.storeHead(backRows, 1, count - 1 - row, KV_HEADS - 1 - head, rowKeys, rowValues);
                }
            }
            assertThat(back.segment().mismatch(forth.segment())).isEqualTo(-1);
            for (int block = 0; block < 3; block++) { // layer 0 was never written
                assertThat(forth.segment().asSlice(block * layout.blockBytes(), layout.layerBytes()).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                        .containsOnly(0);
            }
        }
    }

    @Test
    void zerosAndVanishingNumbersAreZeros() {
        for (final KvElement element : KvElement.values()) {
            final KvLayout layout = new KvLayout(2, KV_HEADS, 4, 16, element);
            try (Slab slab = Slab.allocate(3 * layout.blockBytes())) {
                final KvRows rows = rows(layout, slab, 0, 1);
                final Tensor tiny = new Tensor(new float[] {0, 0, 0, 0, 1e-40f, -1e-40f, 0, 1e-38f}, 8);
                KvElements.storeHead(rows, 1, 0, 0, tiny, tiny);
                KvElements.storeHead(rows, 1, 0, 1, tiny, tiny);
                assertHead(rows, 0, tiny, true);
                assertHead(rows, 1, tiny, false);
            }
        }
    }

    @Test
    void eightBitFloatsRoundToTheNearest() {
        for (int code = 0; code < 0x7F; code++) {
            assertThat(Half.f8FromFloat(Half.f8ToFloat((byte) code))).isEqualTo((byte) code);
            assertThat(Half.f8FromFloat(-Half.f8ToFloat((byte) code))).isEqualTo((byte) (code | 0x80));
        }
        for (int code = 0; code < 0x7E; code++) {
            final float low = Half.f8ToFloat((byte) code);
            final float high = Half.f8ToFloat((byte) (code + 1));
            final float middle = (low + high) / 2; // exact
            assertThat(Half.f8FromFloat(middle)).as("tie above code %d", code).isEqualTo((byte) (code + (code & 1)));
            assertThat(Half.f8FromFloat(Math.nextDown(middle))).isEqualTo((byte) code);
            assertThat(Half.f8FromFloat(Math.nextUp(middle))).isEqualTo((byte) (code + 1));
        }
        assertThat(Half.f8FromFloat(1e9f)).isEqualTo((byte) 0x7E);
        assertThat(Half.f8FromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((byte) 0xFE);
    }

    private static Tensor random(final Random random, final int width, final float size) {
        final Tensor tensor = Tensor.ofRows(1, width);
        for (int i = 0; i < width; i++) {
            tensor.values()[i] = (float) random.nextGaussian() * size * (random.nextInt(8) == 0 ? 0.001f : 1);
        }
        return tensor;
    }

    private static KvRows rows(final KvLayout layout, final Slab slab, final int position, final int count) {
        final KvRows rows = new KvRows();
        rows.begin(layout, slab.segment(), count, 1);
        rows.blockTable(0, new int[] {2, 0, 1});
        for (int i = 0; i < count; i++) {
            rows.addRow(0, position + i);
        }
        return rows;
    }
}
