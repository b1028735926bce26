package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The primitives of tensor cores against plain arithmetic: fragments, matrix loads, asynchronous copies. */
class TensorTest {
    private static final int INNER = 16;
    private static final int COLUMNS = 8;
    private static Shim shim;

    @BeforeAll
    static void load() {
        shim = Shim.load();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void productsOfFragmentsAreMatrixProducts(final int isBf16, final int isTransposed) {
        for (int seed = 0; seed < 20; seed++) {
            final Random random = new Random(seed);
            final short[] a = halves(random, INNER * INNER, isBf16);
            final short[] b = halves(random, INNER * COLUMNS, isBf16);
            final float[] out = Numbers.tensor(random, INNER, COLUMNS, 1).values();
            final float[] expected = out.clone();
            for (int row = 0; row < INNER; row++) {
                for (int column = 0; column < COLUMNS; column++) {
                    double sum = out[row * COLUMNS + column];
                    for (int k = 0; k < INNER; k++) {
                        final short right = b[isTransposed == 1 ? column * INNER + k : k * COLUMNS + column];
                        sum += (double) value(a[row * INNER + k], isBf16) * value(right, isBf16);
                    }
                    expected[row * COLUMNS + column] = (float) sum;
                }
            }
            Numbers.assertSameBits(Twins.floats(shim, device -> {
                final MemorySegment result = device.memory().of(out);
                launch(device, "multiply_once", device.address(MemorySegment.ofArray(a)), device.address(MemorySegment.ofArray(b)), result.address(),
                        isBf16, isTransposed);
                return result;
            }), expected);
        }
    }

    /** A copy that nobody has waited for has not arrived: a missing wait shows. */
    @Test
    void copiesArriveWhenTheyAreWaitedFor() {
        final int[] in = new Random(1).ints(3 * 32 * 4, 0, 1000).toArray();
        final byte[] bytes = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(4 * 32 * 4);
            launch(device, "copy_groups", device.address(in), out.address());
            return out;
        });
        final int[] out = MemorySegment.ofArray(bytes).toArray(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED);
        for (int thread = 0; thread < 32; thread++) {
            assertThat(out[thread]).isEqualTo(in[thread * 4]);
            assertThat(out[32 + thread]).isEqualTo(-1);
            assertThat(out[64 + thread]).isEqualTo(in[(32 + thread) * 4 + 3]);
            assertThat(out[96 + thread]).isEqualTo(thread % 2 == 0 ? in[(64 + thread) * 4 + 3] : 0);
        }
    }

    @Test
    void misalignedMatricesAreFaults() {
        Assumptions.assumeFalse(shim instanceof OnDriver, "on a GPU the fault ends all that follows");
        assertThatThrownBy(() -> Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(32 * 4);
            launch(device, "misaligned_matrix", out.address());
            return out;
        })).isInstanceOf(KernelFailedException.class).hasMessageContaining("does not begin at a multiple of 16 bytes");
    }

    @Test
    void pairsAreRoundedToTheNearest() {
        final float[] in = Numbers.extremes(new Random(3), 1, 64).values();
        final byte[] bytes = Twins.run(shim, device -> {
            final MemorySegment out = device.memory().bytes(64 * 4);
            launch(device, "pairs_of", device.address(in), out.address());
            return out;
        });
        final short[] out = MemorySegment.ofArray(bytes).toArray(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED);
        for (int i = 0; i < 64; i++) {
            assertThat(out[i / 2 * 4 + i % 2]).isEqualTo(Half.fromFloat(in[i]));
            assertThat(out[i / 2 * 4 + 2 + i % 2]).isEqualTo(Half.bf16FromFloat(in[i]));
        }
    }

    private static void launch(final Twins.Device device, final String kernel, final Object... values) {
        device.shim().launch(KernelLaunch.of(kernel, Extent.of(1), KernelCall.WARP, values));
    }

    private static short[] halves(final Random random, final int count, final int isBf16) {
        final short[] halves = new short[count];
        for (int i = 0; i < count; i++) {
            final float x = (float) random.nextGaussian();
            halves[i] = isBf16 == 1 ? Half.bf16FromFloat(x) : Half.fromFloat(x);
        }
        return halves;
    }

    private static float value(final short half, final int isBf16) {
        return isBf16 == 1 ? Half.bf16ToFloat(half) : Half.toFloat(half);
    }
}
