package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;
import io.spillway.node.cuda.PrefillWork.Chunk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Prefill attention against its specification, for every element of the cache; a row's result does not depend on how rows are cut. */
class PrefillTwinTest {
    private static final short UNTOUCHED = 0x7ABC;
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    /** Chunks of 1 to 200 rows of some sequences, a gap between them that nobody may touch. */
    @Property(tries = 30)
    void anyShape(@ForAll final long seed, @ForAll @IntRange(min = 2, max = 6) final int element, @ForAll @IntRange(min = 1, max = 9) final int group,
            @ForAll @IntRange(min = 1, max = 40) final int blocks) {
        final Random random = new Random(seed);
        final int kvHeads = 1 + random.nextInt(2);
        final KvLayout layout = AttentionCase.layout(random, KvElement.ofNumber(element), kvHeads);
        final List<Chunk> chunks = chunks(random, 1 + random.nextInt(2), 200 / group / kvHeads + 1);
        try (AttentionCase it = caseOf(random, layout, group * kvHeads, chunks)) {
            it.assertNear(attend(it, PrefillWork.of(chunks, it.heads(), layout, it.rule().windowTokens(), blocks)), UNTOUCHED);
        }
    }

    /** More query heads than a tile has rows. */
    @Example
    void groupsOfManyHeadsAreCut() {
        final Random random = new Random(5);
        final KvLayout layout = new KvLayout(2, 1, 16, 16, KvElement.F16);
        final List<Chunk> chunks = chunks(random, 1, 3);
        try (AttentionCase it = caseOf(random, layout, 150, chunks)) {
            it.assertNear(attend(it, PrefillWork.of(chunks, it.heads(), layout, it.rule().windowTokens(), 1)), UNTOUCHED);
        }
    }

    /** Bit for bit the same one by one, where tiles are not cut into parts. */
    @Property(tries = 6)
    void rowsDoNotDependOnHowTheyAreCut(@ForAll final long seed, @ForAll @IntRange(min = 2, max = 6) final int element) {
        final Random random = new Random(seed);
        final KvLayout layout = AttentionCase.layout(random, KvElement.ofNumber(element), 1);
        final List<Chunk> chunks = chunks(random, 2, 9);
        final List<Chunk> single = new ArrayList<>();
        for (final Chunk chunk : chunks) {
            for (int i = 0; i < chunk.rows(); i++) {
                single.add(new Chunk(chunk.sequence(), chunk.firstRow() + i, 1, chunk.position() + i));
            }
        }
        try (AttentionCase it = caseOf(random, layout, 5, chunks)) {
            final int window = it.rule().windowTokens();
            assertThat(attend(it, PrefillWork.of(single, 5, layout, window, 1))).isEqualTo(attend(it, PrefillWork.of(chunks, 5, layout, window, 1)));
        }
    }

    @Property(tries = 150)
    void workNamesEveryRowOnce(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 200) final int heads, @ForAll @IntRange(min = 1, max = 500) final int blocks) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(1, 1, random.nextBoolean() ? 128 : 256, 16, KvElement.F16);
        final List<Chunk> chunks = chunks(random, 3, 3000);
        final PrefillWork work = PrefillWork.of(chunks, heads, layout, random.nextInt(500), blocks);
        final int[] ints = work.ints();
        final int rowCount = chunks.stream().mapToInt(Chunk::rows).sum();
        int seen = 0;
        final boolean[] rows = new boolean[chunks.getLast().firstRow() + chunks.getLast().rows()];
        for (int i = 0; i < ints.length; i += 4) {
            final int parts = ints[i + 3] & 0xFFFF;
            assertThat(ints[i + 3] >> 16).isEqualTo(i == 0 || ints[i + 1] != ints[i - 3] ? 0 : (ints[i - 1] >> 16) + 1).isLessThan(parts);
            assertThat(ints[i + 2] * Math.min(heads, 1000)).isPositive();
            for (int r = ints[i + 1]; ints[i + 3] >> 16 == 0 && r < ints[i + 1] + ints[i + 2]; r++) {
                assertThat(rows[r]).isFalse();
                rows[r] = true;
                seen++;
            }
        }
        assertThat(seen).isEqualTo(rowCount);
        assertThat(work.itemCount()).isEqualTo(ints.length / 4);
    }

    @Example
    void whatTheKernelsDoNotTakeIsRefused() {
        final KvLayout layout = new KvLayout(1, 1, 64, 16, KvElement.F16);
        final PrefillWork work = PrefillWork.of(List.of(new Chunk(0, 0, 1, 0)), 1, layout, 0, 1);
        final PrefillCall.Places places = new PrefillCall.Places(0, 0, 0, 0, 0, 0);
        final PagedKv kv = new PagedKv(layout, 0, 0, 0, 0, 1);
        assertThatThrownBy(() -> new PrefillCall(work, kv, 0, new AttentionRule(0, 0, 0, null), places, DType.F16)).hasMessageContaining("positive scale");
        assertThatThrownBy(() -> new PrefillCall(work, kv, 0, AttentionRule.causal(64), places, DType.F32)).hasMessageContaining("F32 is not a half");
        final PagedKv other = new PagedKv(new KvLayout(1, 1, 128, 16, KvElement.F16), 0, 0, 0, 0, 1);
        assertThatThrownBy(() -> new PrefillCall(work, other, 0, AttentionRule.causal(64), places, DType.F16)).hasMessageContaining("another layout");
    }

    private static List<Chunk> chunks(final Random random, final int sequences, final int rowsMax) {
        final List<Chunk> chunks = new ArrayList<>();
        int row = random.nextInt(2);
        for (int s = 0; s < sequences; s++) {
            final int rows = 1 + random.nextInt(random.nextBoolean() ? rowsMax : Math.min(rowsMax, 5));
            chunks.add(new Chunk(s, row, rows, random.nextInt(3) == 0 ? 0 : random.nextInt(random.nextBoolean() ? 130 : 700)));
            row += rows + random.nextInt(2);
        }
        return chunks;
    }

    /** Rows that no chunk names are at negative positions: nobody writes them. */
    private static AttentionCase caseOf(final Random random, final KvLayout layout, final int heads, final List<Chunk> chunks) {
        final int[] positions = new int[chunks.getLast().firstRow() + chunks.getLast().rows() + 1];
        final int[] sequences = new int[positions.length];
        Arrays.fill(positions, -1);
        Arrays.fill(sequences, -1);
        for (final Chunk chunk : chunks) {
            for (int i = 0; i < chunk.rows(); i++) {
                positions[chunk.firstRow() + i] = chunk.position() + i;
                sequences[chunk.firstRow() + i] = chunk.sequence();
            }
        }
        final int[] lasts = chunks.stream().mapToInt(chunk -> chunk.position() + chunk.rows() - 1).toArray();
        return AttentionCase.of(random, layout, heads, lasts, positions, sequences);
    }

    private static byte[] attend(final AttentionCase it, final PrefillWork work) {
        return Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(it.queries().values().length * 2L);
            clear(out);
            final MemorySegment arrivals = device.memory().bytes(work.arrivalsBytes());
            final MemorySegment parts = device.memory().bytes(Math.max(16, work.partsBytes()));
            parts.fill((byte) -1);
            final PrefillCall call = new PrefillCall(work, it.on(device), PagedCase.LAYER, it.rule(), new PrefillCall.Places(
                    device.address(MemorySegment.ofArray(it.halves())), device.address(work.ints()), arrivals.address(), parts.address(), it.sinks(device),
                    out.address()), it.half());
            device.run(call);
            final byte[] first = DeviceMemory.bytes(out);
            if (work.partsBytes() > 0) { // counters are 0 again
                clear(out);
                device.run(call);
            }
            assertThat(DeviceMemory.bytes(out)).isEqualTo(first);
            return out;
        });
    }

    private static void clear(final MemorySegment out) {
        IntStream.range(0, (int) (out.byteSize() / Short.BYTES)).forEach(i -> out.setAtIndex(ValueLayout.JAVA_SHORT, i, UNTOUCHED));
    }
}
