package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Memory that is moved: every byte that should, and no other. */
class CopyTwinTest {
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    /** Blocks out of a slab into one place, and back into other blocks: nothing else changes. */
    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void pieces(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int pieces, @ForAll @IntRange(min = 1, max = 5000) final int bytes) {
        final Random random = new Random(seed);
        final byte[] slab = new byte[bytes * (pieces + 3)];
        random.nextBytes(slab);
        final long[] from = places(random, pieces, pieces + 3).stream().mapToLong(i -> (long) i * bytes).toArray();
        final long[] to = places(random, pieces, pieces + 3).stream().mapToLong(i -> (long) i * bytes).toArray();
        final byte[] expected = new byte[slab.length];
        for (int p = 0; p < pieces; p++) {
            System.arraycopy(slab, (int) from[p], expected, (int) to[p], bytes);
        }
        assertThat(Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(slab.length);
            device.run(new RowCall.CopyPieces(device.address(MemorySegment.ofArray(slab)), device.address(from), out.address(), device.address(to),
                    pieces, bytes));
            return out;
        })).isEqualTo(expected);
    }

    /** Some layers of some blocks into a dense buffer, and from there into other blocks of another slab. */
    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void layersOfBlocks(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 7) final int count, @ForAll @IntRange(min = 1, max = 40) final int headDim) {
        final Random random = new Random(seed);
        final KvElement element = KvElement.values()[random.nextInt(KvElement.values().length)];
        final KvLayout layout = new KvLayout(1 + random.nextInt(4), 1 + random.nextInt(3), element == KvElement.I4 ? 2 * headDim : headDim,
                1 << random.nextInt(6), element);
        final int first = random.nextInt(layout.layers());
        final int layers = 1 + random.nextInt(layout.layers() - first);
        final byte[] slab = new byte[(int) layout.blockBytes() * (count + 2)];
        random.nextBytes(slab);
        final int[] from = places(random, count, count + 2).stream().mapToInt(i -> i).toArray();
        final int[] to = places(random, count, count + 2).stream().mapToInt(i -> i).toArray();
        to[random.nextInt(count)] = -1;
        final int bytes = (int) (layers * layout.layerBytes());
        final long offset = first * layout.layerBytes();
        final byte[] staged = new byte[bytes * count];
        final byte[] expected = new byte[slab.length];
        for (int i = 0; i < count; i++) {
            System.arraycopy(slab, (int) (from[i] * layout.blockBytes() + offset), staged, i * bytes, bytes);
            if (to[i] >= 0) {
                System.arraycopy(staged, i * bytes, expected, (int) (to[i] * layout.blockBytes() + offset), bytes);
            }
        }
        final byte[][] staging = new byte[1][];
        assertThat(Twins.run(shim, device -> {
            final MemorySegment dense = device.memory().bytes(staged.length);
            final MemorySegment other = device.memory().bytes(slab.length);
            device.run(new RowCall.CopyBlocks(device.address(MemorySegment.ofArray(slab)), device.address(from), dense.address(), count,
                    layout.blockBytes(), offset, bytes, false));
            device.run(new RowCall.CopyBlocks(other.address(), device.address(to), dense.address(), count, layout.blockBytes(), offset, bytes, true));
            staging[0] = DeviceMemory.bytes(dense);
            return other;
        })).isEqualTo(expected);
        assertThat(staging[0]).isEqualTo(staged);
    }

    private static List<Integer> places(final Random random, final int count, final int of) {
        final List<Integer> all = new ArrayList<>();
        for (int i = 0; i < of; i++) {
            all.add(i);
        }
        Collections.shuffle(all, random);
        return all.subList(0, count);
    }
}
