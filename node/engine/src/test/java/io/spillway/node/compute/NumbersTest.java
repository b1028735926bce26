package io.spillway.node.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Number formats and the exponential against the platform's. */
class NumbersTest {
    @Test
    void everyFiniteHalfIsExact() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            final float value = Float.float16ToFloat((short) bits);
            if (Float.isFinite(value)) {
                assertThat(Float.floatToRawIntBits(Half.toFloat((short) bits))).isEqualTo(Float.floatToRawIntBits(value));
                assertThat(Half.fromFloat(value)).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void bfloat16RoundsToTheNearest() {
        final Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            final float value = (float) random.nextGaussian();
            final float back = Half.bf16ToFloat(Half.bf16FromFloat(value));
            assertThat(Math.abs(back - value)).isLessThanOrEqualTo(Math.abs(value) / 256);
            assertThat(Half.bf16ToFloat(Half.bf16FromFloat(back))).isEqualTo(back);
        }
        assertThat(Half.bf16ToFloat(Half.bf16FromFloat(Float.NaN))).isNaN();
    }

    @Test
    void exponentialIsGoodToThreeUnitsInTheLastPlace() {
        for (float x = -Exp.LIMIT; x <= Exp.LIMIT; x += 0.0007f) {
            final double expected = StrictMath.exp(x);
            assertThat(Math.abs(Exp.of(x) - expected)).isLessThanOrEqualTo(3 * (double) Math.ulp((float) expected));
        }
        assertThat(Exp.of(0)).isEqualTo(1f);
        assertThat(Exp.of(Float.NEGATIVE_INFINITY)).isEqualTo(Exp.of(-Exp.LIMIT)).isPositive();
        assertThat(Exp.of(Float.POSITIVE_INFINITY)).isFinite();
    }

    @Test
    void lanesSumAsATree() {
        final float[] lanes = new float[Lanes.COUNT];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = i + 1;
        }
        assertThat(Lanes.sum(lanes)).isEqualTo(136);
        assertThat(Lanes.inverseRms(136, 16, 0)).isCloseTo((float) (1 / Math.sqrt(8.5)), within(1e-7f));
    }

    @Test
    void rotaryRowsAreSinesOfPositionTimesFrequency() {
        final RotaryRows rotary = new RotaryRows(new double[] {1, 0.01});
        rotary.begin(2);
        rotary.set(0, 5);
        rotary.set(1, 30_000);
        assertThat(rotary.cosines()).startsWith((float) StrictMath.cos(5), (float) StrictMath.cos(0.05),
                (float) StrictMath.cos(30_000), (float) StrictMath.cos(300));
        assertThat(rotary.sines()).startsWith((float) StrictMath.sin(5), (float) StrictMath.sin(0.05),
                (float) StrictMath.sin(30_000), (float) StrictMath.sin(300));
    }

    @Test
    void aSlabIsZeroedAlignedAndClosedOnce() {
        final Slab slab = Slab.allocate(1L << 34); // far more than is touched: pages cost nothing until written
        assertThat(slab.segment().address() % Slab.LARGE_PAGE_BYTES).isZero();
        assertThat(slab.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, (1L << 34) - 1)).isZero();
        slab.close();
        final Slab small = Slab.allocate(100);
        assertThat(small.segment().address() % Slab.ALIGNMENT_BYTES).isZero();
        assertThat(small.segment().byteSize()).isEqualTo(100);
        small.close();
        assertThatThrownBy(slab::close).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Slab.allocate(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
