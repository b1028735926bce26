package io.spillway.node.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CounterRandomTest {
    /** The known answers that the authors of Philox publish for philox4x32-10. */
    @Test
    void givesThePublishedAnswers() {
        assertThat(CounterRandom.block(new CounterRandom.Counter(0, 0), 0))
            .isEqualTo(new CounterRandom.Counter(0xe169c58d_6627e8d5L, 0x9b00dbd8_bc57ac4cL));
        assertThat(CounterRandom.block(new CounterRandom.Counter(-1, -1), -1))
            .isEqualTo(new CounterRandom.Counter(0x41c83b0e_408f276dL, 0x6d5451fd_a20bc7c6L));
        assertThat(CounterRandom.block(
            new CounterRandom.Counter(0x85a308d3_243f6a88L, 0x03707344_13198a2eL), 0x299f31d0_a4093822L))
            .isEqualTo(new CounterRandom.Counter(0x94fdcceb_d16cfe09L, 0x24126ea1_5001e420L));
    }

    @Test
    void goldenUniforms() {
        assertThat(CounterRandom.uniform(0, 0)).isEqualTo((0xe169c58d_6627e8d5L >>> 11) * 0x1.0p-53);
        assertThat(CounterRandom.uniform(0, 0)).isBetween(0.88, 0.881);
    }

    /** 64 bins, 64,000 draws each way: over positions of one seed, and over seeds at one position. */
    @Test
    void isUniformOverPositionsAndOverSeeds() {
        final int[] byPosition = new int[64];
        final int[] bySeed = new int[64];
        for (int i = 0; i < 64_000; i++) {
            byPosition[(int) (64 * CounterRandom.uniform(12345, i))]++;
            bySeed[(int) (64 * CounterRandom.uniform(i, 7))]++;
        }
        assertThat(chiSquare(byPosition, 1000)).isLessThan(103.4); // 63 degrees of freedom, 0.1 %
        assertThat(chiSquare(bySeed, 1000)).isLessThan(103.4);
    }

    private static double chiSquare(final int[] counts, final double expected) {
        double sum = 0;
        for (final int count : counts) {
            sum += (count - expected) * (count - expected) / expected;
        }
        return sum;
    }
}
