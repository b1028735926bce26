package io.spillway.node.stored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.StoredMatrix;
import java.lang.foreign.MemorySegment;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class RowEncoderTest {
    private static float[] decoded(final TensorType type, final float[] row) {
        final MemorySegment bytes = MemorySegment.ofArray(new byte[(int) type.bytesOf(row.length) + 3]);
        RowEncoder.of(type).encode(row, bytes, 3);
        final StoredMatrix matrix = StoredRows.of(bytes.asSlice(3), type, 1, row.length).orElseThrow();
        final float[] values = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            values[i] = matrix.at(0, i);
        }
        return values;
    }

    private static double squaredError(final float[] a, final float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.pow((double) a[i] - b[i], 2);
        }
        return sum;
    }

    /** The plain rule: the outermost number becomes −8. */
    private static float[] plain(final float[] row) {
        float outermost = 0;
        for (final float value : row) {
            outermost = Math.abs(value) > Math.abs(outermost) ? value : outermost;
        }
        final float scale = Float.float16ToFloat(Float.floatToFloat16(outermost / -8));
        final float[] values = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            values[i] = scale == 0 ? 0 : scale * Math.clamp(Math.round(row[i] / scale), -8, 7);
        }
        return values;
    }

    @Provide
    Arbitrary<float[]> blocks() {
        return Arbitraries.floats().between(-3, 3).array(float[].class).ofSize(32);
    }

    @Provide
    Arbitrary<float[]> numbers() {
        return Arbitraries.floats().between(-60_000, 60_000).array(float[].class).ofSize(9);
    }

    @Property(tries = 300)
    void fourBitsAreNeverWorseThanThePlainRule(@ForAll("blocks") final float[] row) {
        assertThat(squaredError(row, decoded(TensorType.Q4_0, row))).isLessThanOrEqualTo(squaredError(row, plain(row)) + 1e-9);
    }

    @Test
    void whatFourBitsHoldIsHeldExactly() {
        final float[] row = new float[64];
        for (int i = 0; i < row.length; i++) {
            row[i] = i < 32 ? 0.25f * (i % 16 - 8) : 0;
        }
        assertThat(decoded(TensorType.Q4_0, row)).containsExactly(row);
        final float[] huge = new float[32];
        huge[5] = 1e9f;
        huge[6] = -1e9f;
        for (final float value : decoded(TensorType.Q4_0, huge)) {
            assertThat(value).isFinite();
        }
    }

    @Property(tries = 100)
    void floatsAreRoundedToTheNearest(@ForAll("numbers") final float[] row) {
        assertThat(decoded(TensorType.F32, row)).containsExactly(row);
        final float[] halves = decoded(TensorType.F16, row);
        final float[] shorts = decoded(TensorType.BF16, row);
        for (int i = 0; i < row.length; i++) {
            assertThat(halves[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(row[i])));
            assertThat(shorts[i]).isCloseTo(row[i], within(Math.abs(row[i]) / 256 + Float.MIN_NORMAL));
        }
    }
}
