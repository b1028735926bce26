package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.cuda.DecodeCall.Places;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Decode attention against its specification, for every element of the cache; and that rows do not depend on each other where asked. */
class DecodeTwinTest {
    private static final short UNTOUCHED = 0x7ABC;
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 70)
    void anyShape(@ForAll final long seed, @ForAll @IntRange(min = 2, max = 6) final int element, @ForAll @IntRange(min = 1, max = 11) final int group,
            @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 12) final int blocks) {
        final Random random = new Random(seed);
        final int kvHeads = 1 + random.nextInt(2);
        final KvLayout layout = AttentionCase.layout(random, KvElement.ofNumber(element), kvHeads);
        final int[] lasts = random.ints(1 + random.nextInt(3), 0, random.nextBoolean() ? 70 : 600).toArray();
        // Some rows share a sequence, as drafts do; one in five is padding.
        final int[] sequences = random.ints(rows, 0, lasts.length).toArray();
        final int[] positions = Arrays.stream(sequences).map(s -> random.nextInt(5) == 0 ? -1 : Math.max(0, lasts[s] - random.nextInt(5))).toArray();
        for (int r = 0; r < rows; r++) {
            sequences[r] = positions[r] < 0 ? -1 : sequences[r];
        }
        try (AttentionCase it = AttentionCase.of(random, layout, group * kvHeads, lasts, positions, sequences)) {
            final DecodeBucket bucket = new DecodeBucket(rows, it.heads(), layout, blocks, random.nextBoolean());
            it.assertNear(attend(it, bucket), UNTOUCHED);
        }
    }

    /** Bit for bit the same beside other rows, on other grids, and where others need more room. */
    @Property(tries = 15)
    void invariantRowsDoNotDependOnOthers(@ForAll final long seed, @ForAll @IntRange(min = 2, max = 6) final int element) {
        final Random random = new Random(seed);
        final KvLayout layout = AttentionCase.layout(random, KvElement.ofNumber(element), 1);
        final int[] lasts = {random.nextInt(1200), random.nextInt(300), random.nextInt(40)};
        try (AttentionCase all = AttentionCase.of(random, layout, 3, lasts, lasts, new int[] {0, 1, 2})) {
            final byte[] together = attend(all, new DecodeBucket(3, 3, layout, 1 + random.nextInt(9), true));
            final int width = all.queries().width();
            for (int r = 0; r < lasts.length; r++) {
                final float[] own = Arrays.copyOfRange(all.queries().values(), r * width, (r + 1) * width);
                final AttentionCase alone = new AttentionCase(all.paged(), all.rule(), new io.spillway.node.compute.Tensor(own, width), new int[] {lasts[r]},
                        new int[] {r}, all.half());
                final byte[] apart = attend(alone, new DecodeBucket(1, 3, layout, 1 + random.nextInt(9), true));
                assertThat(apart).isEqualTo(Arrays.copyOfRange(together, r * width * 2, (r + 1) * width * 2));
            }
        }
    }

    /** Items cover what each row sees, once, and there is room for them. */
    @Property(tries = 200)
    void plansCoverWhatRowsSee(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 600) final int rows, @ForAll @IntRange(min = 1, max = 300) final int blocks,
            @ForAll final boolean isInvariant) {
        final Random random = new Random(seed);
        final int window = random.nextBoolean() ? 0 : 1 + random.nextInt(3000);
        final int[] positions = random.ints(rows, -1, random.nextBoolean() ? 100 : 200_000).toArray();
        final DecodeBucket bucket = new DecodeBucket(rows, 12, new KvLayout(1, 1, 64, 16, KvElement.F16), blocks, isInvariant);
        final byte[] bytes = Twins.run(shim, device -> {
            final MemorySegment work = device.memory().bytes(bucket.workBytes());
            device.run(new DecodeCall.Plan(bucket, device.address(positions), work.address(), window));
            return work;
        });
        final int[] work = MemorySegment.ofArray(bytes).toArray(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED);
        assertThat(work[0]).isLessThanOrEqualTo(bucket.itemsMax());
        int at = 4;
        for (int row = 0; row < rows; row++) {
            int next = window == 0 ? 0 : Math.max(0, positions[row] + 1 - window);
            for (int part = 0; positions[row] >= 0 && next <= positions[row]; part++) {
                assertThat(work[at]).isEqualTo(row);
                assertThat(work[at + 1]).isEqualTo(next);
                assertThat(work[at + 2]).isGreaterThan(next).isLessThanOrEqualTo(positions[row] + 1);
                assertThat(work[at + 3] >> 16).isEqualTo(part);
                next = work[at + 2];
                assertThat((work[at + 3] & 0xFFFF) == part + 1).isEqualTo(next > positions[row]);
                at += 4;
            }
        }
        assertThat((at - 4) / 4).isEqualTo(work[0]);
    }

    @Example
    void whatTheKernelsDoNotTakeIsRefused() {
        final DecodeBucket bucket = new DecodeBucket(1, 1, new KvLayout(1, 1, 72, 16, KvElement.F16), 1, false);
        assertThatThrownBy(() -> call(bucket, bucket.layout())).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("multiples of 16, not 72");
        final KvLayout small = new KvLayout(1, 1, 64, 8, KvElement.F16);
        assertThatThrownBy(() -> call(bucket, small)).hasMessageContaining("blocks of 16 tokens at least, not 8");
        assertThatThrownBy(() -> call(bucket, new KvLayout(1, 1, 64, 16, KvElement.F16))).hasMessageContaining("another layout");
        assertThatThrownBy(() -> call(bucket, new KvLayout(1, 1, 64, 16, KvElement.F32))).hasMessageContaining("no cache of F32");
    }

    private static DecodeCall.Attend call(final DecodeBucket bucket, final KvLayout layout) {
        return new DecodeCall.Attend(bucket, new PagedKv(layout, 0, 0, 0, 0, 1), 0, io.spillway.node.compute.AttentionRule.causal(64), new Places(0, 0, 0, 0, 0),
                io.spillway.node.compute.DType.F16);
    }

    private static byte[] attend(final AttentionCase it, final DecodeBucket bucket) {
        return Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(it.queries().values().length * 2L);
            clear(out);
            final MemorySegment work = device.memory().bytes(bucket.workBytes());
            final MemorySegment parts = device.memory().bytes(bucket.partsBytes());
            parts.fill((byte) -1);
            final PagedKv kv = it.on(device);
            device.run(new DecodeCall.Plan(bucket, kv.positions(), work.address(), it.rule().windowTokens()));
            final DecodeCall.Attend attend = new DecodeCall.Attend(bucket, kv, PagedCase.LAYER, it.rule(),
                    new Places(device.address(MemorySegment.ofArray(it.halves())), work.address(), parts.address(), it.sinks(device), out.address()), it.half());
            device.run(attend);
            final byte[] first = DeviceMemory.bytes(out);
            clear(out);
            device.run(attend); // as the next layer does, with the same plan
            assertThat(DeviceMemory.bytes(out)).isEqualTo(first);
            return out;
        });
    }

    private static void clear(final MemorySegment out) {
        for (long i = 0; i < out.byteSize(); i += Short.BYTES) {
            out.set(java.lang.foreign.ValueLayout.JAVA_SHORT, i, UNTOUCHED);
        }
    }
}
