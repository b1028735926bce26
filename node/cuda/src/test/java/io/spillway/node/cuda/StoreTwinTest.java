package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Split, rotation and cache write against their specification, bit for bit: every byte of the slab. */
class StoreTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 400)
    void anyShape(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 6) final int rows, @ForAll @IntRange(min = 1, max = 4) final int group,
            @ForAll @IntRange(min = 1, max = 140) final int headDim, @ForAll @IntRange(min = 0, max = 6) final int blockBits) {
        final Random random = new Random(seed);
        final KvLayout layout = new KvLayout(2, 1 + random.nextInt(3), headDim, 1 << blockBits, KvElement.F16);
        final int half = random.nextInt(headDim / 2 + 1);
        final RotaryRows rotary = new RotaryRows(random.doubles(half).toArray(), 1.125f, headDim);
        rotary.begin(rows);
        final int[] positions = random.ints(rows, 0, 100).toArray();
        for (int r = 0; r < rows; r++) {
            rotary.set(r, positions[r]);
        }
        final int kvWidth = layout.kvHeads() * headDim;
        final Tensor queries = finite(random, rows, kvWidth * group);
        final Tensor keys = finite(random, rows, kvWidth);
        final Tensor values = finite(random, rows, kvWidth);
        try (PagedCase paged = new PagedCase(random, layout, positions)) {
            final float[] qkv = joined(rows, queries, keys, values);
            final byte[] slabBefore = DeviceMemory.bytes(paged.memory());
            final float[][] rotated = new float[1][];
            final byte[] slab = Twins.run(shim, device -> {
                final MemorySegment deviceSlab = device.memory().copy(MemorySegment.ofArray(slabBefore));
                final MemorySegment out = device.floats(queries.values().length);
                device.run(new RowCall.RotateSplitStore(paged.on(device, deviceSlab), PagedCase.LAYER, device.address(qkv),
                        device.address(Arrays.copyOf(rotary.cosines(), Math.max(1, rows * half))),
                        device.address(Arrays.copyOf(rotary.sines(), Math.max(1, rows * half))), out.address(), rows, group * layout.kvHeads(), half));
                rotated[0] = DeviceMemory.floats(out);
                return deviceSlab;
            });
            SCALAR.rotate(queries, rows, rotary);
            SCALAR.rotate(keys, rows, rotary);
            SCALAR.store(paged.rows, PagedCase.LAYER, keys, values);
            Numbers.assertSameBits(rotated[0], queries.values());
            assertThat(MemorySegment.ofArray(slab).mismatch(paged.memory())).isEqualTo(-1);
        }
    }

    /** Extreme, but no infinities: a rotation makes NaNs of them, whose bits machines choose. */
    private static Tensor finite(final Random random, final int rows, final int width) {
        final Tensor tensor = random.nextBoolean() ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 2);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = Math.clamp(tensor.values()[i], -1e38f, 1e38f);
        }
        return tensor;
    }

    private static float[] joined(final int rows, final Tensor... parts) {
        final int width = Arrays.stream(parts).mapToInt(Tensor::width).sum();
        final float[] all = new float[rows * width];
        for (int r = 0; r < rows; r++) {
            int at = r * width;
            for (final Tensor part : parts) {
                System.arraycopy(part.values(), r * part.width(), all, at, part.width());
                at += part.width();
            }
        }
        return all;
    }
}
