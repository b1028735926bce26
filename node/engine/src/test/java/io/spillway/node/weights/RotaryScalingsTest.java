package io.spillway.node.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.node.weights.RotaryScalings.Yarn;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Rope scalings against numbers that the formulas of Hugging Face's transformers give, computed apart. */
class RotaryScalingsTest {
    private static final Percentage ROUNDING = Percentage.withPercentage(1e-7);
    private static final Offset<Double> SMALL = within(1e-12);

    private static void assertFrequencies(final double[] actual, final double... expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("pair %d", i).isCloseTo(expected[i], ROUNDING);
        }
    }

    @Test
    void plain() {
        assertFrequencies(Rotary.frequencies(10_000, 8), 1, 0.1, 0.01, 0.001);
    }

    @Test
    void linear() {
        final double[] frequencies = Rotary.frequencies(10_000, 8);
        RotaryScalings.linear(frequencies, 4);
        assertFrequencies(frequencies, 0.25, 0.025, 0.0025, 0.00025);
    }

    @Test
    void yarn() {
        final double[] frequencies = Rotary.frequencies(150_000, 16);
        RotaryScalings.yarn(frequencies, new Yarn(150_000, 4096, 32, Yarn.BETA_FAST_DEFAULT, Yarn.BETA_SLOW_DEFAULT, true));
        assertFrequencies(frequencies, 1, 0.225418000203, 0.0508132748155, 0.00775546605753, 0.000914454401188, 1.81883366817e-05,
                4.0999784818e-06, 9.24208950243e-07);
    }

    @Test
    void yarnBetweenFractions() {
        final double[] frequencies = Rotary.frequencies(150_000, 16);
        RotaryScalings.yarn(frequencies, new Yarn(150_000, 4096, 32, 32, 1, false));
        assertFrequencies(frequencies, 1, 0.225418000203, 0.0508132748155, 0.00679495948973, 0.000456483919223, 1.81883366817e-05,
                4.0999784818e-06, 9.24208950243e-07);
    }

    @Test
    void yarnWithOtherTurns() {
        final double[] frequencies = Rotary.frequencies(1_000_000, 12);
        RotaryScalings.yarn(frequencies, new Yarn(1_000_000, 32_768, 4, 24, 2, true));
        assertFrequencies(frequencies, 1, 0.1, 0.01, 0.000625, 2.5e-05, 2.5e-06);
    }

    @Test
    void llama3() {
        final double[] frequencies = Rotary.frequencies(500_000, 16);
        RotaryScalings.llama3(frequencies, 8, 1, 4, 8192);
        assertFrequencies(frequencies, 1, 0.193922744749, 0.0376060309309, 0.00729266473722, 0.000524846160993, 3.42810219595e-05,
                6.64786987118e-06, 1.28917317215e-06);
    }

    @Test
    void factorsPerPair() {
        final double[] frequencies = Rotary.frequencies(10_000, 8);
        RotaryScalings.perPair(frequencies, new float[] {1, 2, 4, 8});
        assertFrequencies(frequencies, 1, 0.05, 0.0025, 0.000125);
    }

    @Test
    void magnitudes() {
        assertThat(RotaryScalings.yarnMagnitude(32, 1)).isCloseTo(1.3465735902799727, SMALL);
        assertThat(RotaryScalings.yarnMagnitude(4, 1)).isCloseTo(1.138629436111989, SMALL);
        assertThat(RotaryScalings.yarnMagnitude(0.5, 1)).isEqualTo(1);
        assertThat(RotaryScalings.longRopeMagnitude(32, 4096)).isCloseTo(1.1902380714238083, SMALL);
        assertThat(RotaryScalings.longRopeMagnitude(1, 4096)).isEqualTo(1);
    }
}
