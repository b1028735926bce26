package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LoadMeterTest {
    private static final long MILLI = 1_000_000;
    private final LoadMeter meter = new LoadMeter(512);

    @Test
    void shortPromptsSayNothingAboutPrefill() {
        for (int i = 0; i < 100; i++) {
            meter.onStep(3, 3, 50 * MILLI);
        }
        assertThat(meter.prefillTokensPerSecond()).as("not known").isZero();
        meter.onStep(512, 512, 100 * MILLI);
        assertThat(meter.prefillTokensPerSecond()).isEqualTo(5120);
        meter.onStep(8, 8, 50 * MILLI);
        assertThat(meter.prefillTokensPerSecond()).as("still what was measured").isEqualTo(5120);
    }

    @Test
    void whereStepsAreSmallTheFullOnesTell() {
        final LoadMeter small = new LoadMeter(16);
        small.onStep(8, 8, MILLI);
        assertThat(small.prefillTokensPerSecond()).isZero();
        small.onStep(16, 16, MILLI);
        assertThat(small.prefillTokensPerSecond()).isEqualTo(16_000);
    }

    @Test
    void speedsFollowWhatIsMeasured() {
        meter.onStep(100, 100, 100 * MILLI);
        for (int i = 0; i < 50; i++) {
            meter.onStep(400, 400, 100 * MILLI);
            meter.onStep(4, 0, 7 * MILLI);
        }
        assertThat(meter.prefillTokensPerSecond()).isCloseTo(4000, within(1.0));
        assertThat(meter.decodeStepNanos()).isEqualTo(7 * MILLI);
        meter.onStep(100, 40, 1000 * MILLI);
        assertThat(meter.prefillTokensPerSecond()).as("most of the step was decoding").isCloseTo(4000, within(1.0));
    }
}
