package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.KvElements;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Every element of the cache, stored and read by the device's functions, against the specification: bits. */
class ElementTwinTest {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 300)
    void storedAndReadAlike(@ForAll final long seed, @ForAll @IntRange(min = 2, max = 6) final int element,
            @ForAll @IntRange(min = 1, max = 70) final int half, @ForAll @IntRange(min = 0, max = 6) final int blockBits) {
        final Random random = new Random(seed);
        final int headDim = element == KvElement.I4.number() || random.nextBoolean() ? 2 * half : half;
        final KvLayout layout = new KvLayout(2, 1, headDim, 1 << blockBits, KvElement.ofNumber(element));
        final int[] positions = random.ints(1 + random.nextInt(4), 0, 100).toArray();
        final int rows = positions.length;
        final Tensor keys = finite(random, rows, headDim);
        final Tensor values = finite(random, rows, headDim);
        try (PagedCase paged = new PagedCase(random, layout, positions)) {
            final byte[] before = DeviceMemory.bytes(paged.memory());
            final int[] tokens = Arrays.stream(positions).map(p -> p % layout.blockTokens()).toArray();
            final long[] keysAt = new long[rows];
            final long[] valuesAt = new long[rows];
            for (int r = 0; r < rows; r++) {
                final long block = paged.rows.blockOffset(r, positions[r] / layout.blockTokens());
                keysAt[r] = block + layout.keyOffset(PagedCase.LAYER, 0);
                valuesAt[r] = block + layout.valueOffset(PagedCase.LAYER, 0);
            }
            SCALAR.store(paged.rows, PagedCase.LAYER, keys, values);
            final byte[] slab = Twins.run(shim, device -> {
                final MemorySegment on = device.memory().copy(MemorySegment.ofArray(before));
                launch(device, "store_elements", on.address(), device.address(keysAt), device.address(tokens), device.address(keys.values()), paged, 1);
                launch(device, "store_elements", on.address(), device.address(valuesAt), device.address(tokens), device.address(values.values()), paged, 0);
                return on;
            });
            assertThat(MemorySegment.ofArray(slab).mismatch(paged.memory())).isEqualTo(-1);
            for (final boolean isKey : new boolean[] {true, false}) {
                final long[] at = isKey ? keysAt : valuesAt;
                Numbers.assertSameBits(Twins.floats(shim, device -> {
                    final MemorySegment out = device.floats((long) rows * (headDim + 3));
                    launch(device, "load_elements", device.address(paged.memory()), device.address(at), device.address(tokens), out.address(), paged,
                            isKey ? 1 : 0);
                    return out;
                }), expected(paged, at, tokens, isKey));
            }
        }
    }

    private static float[] expected(final PagedCase paged, final long[] at, final int[] tokens, final boolean isKey) {
        final KvLayout layout = paged.layout;
        final int headDim = layout.headDim();
        final float[] expected = new float[at.length * (headDim + 3)];
        for (int r = 0; r < at.length; r++) {
            final int to = r * (headDim + 3);
            for (int d = 0; d < headDim; d++) {
                expected[to + d] = isKey ? KvElements.keyNumber(paged.memory(), layout, at[r], d, tokens[r])
                        : KvElements.valueNumber(paged.memory(), layout, at[r], tokens[r], d);
            }
            expected[to + headDim] = KvElements.scale(paged.memory(), layout, at[r], tokens[r]);
            expected[to + headDim + 1] = KvElements.minimum(paged.memory(), layout, at[r], tokens[r]);
            expected[to + headDim + 2] = layout.headBytes();
        }
        return expected;
    }

    @Example
    void pairsOfHalvesAreTheStoredNumbers() {
        final byte[] bytes = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(3 * 256 * 4);
            device.shim().launch(KernelLaunch.of("element_pairs", Extent.of(1), 256, out.address()));
            return out;
        });
        final short[] out = MemorySegment.ofArray(bytes).toArray(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED);
        for (int i = 0; i < 256; i++) {
            for (int half = 0; half < 2; half++) {
                assertThat(Half.toFloat(out[2 * i + half]) * 256).isEqualTo(Half.f8ToFloat((byte) i));
                assertThat(Half.toFloat(out[512 + 2 * i + half])).isEqualTo((byte) i);
                assertThat(Half.toFloat(out[1024 + 2 * i + half])).isEqualTo(i & 15);
            }
        }
    }

    private static void launch(final Twins.Device device, final String kernel, final long slab, final long heads, final long tokens, final long numbers,
            final PagedCase paged, final int isKey) {
        final KvLayout layout = paged.layout;
        device.shim().launch(KernelLaunch.of(kernel, Extent.of(paged.positions.length), KernelCall.WARP, slab, heads, tokens, numbers, layout.element().number(),
                layout.headDim(), layout.blockTokens(), isKey));
    }

    /** Within what an F16 cache holds: infinite halves are read in two ways. */
    private static Tensor finite(final Random random, final int rows, final int width) {
        final Tensor tensor = random.nextBoolean() ? Numbers.extremes(random, rows, width) : Numbers.tensor(random, rows, width, 2);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = Math.clamp(tensor.values()[i], -65504f, 65504f);
        }
        return tensor;
    }
}
