package io.spillway.node.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ComeBackTest {
    @Test
    void fetchesUnlessComputingIsMuchSooner() {
        assertThat(new ComeBack(0, 0).fetches(64, 1 << 20)).as("nothing measured").isTrue();
        assertThat(new ComeBack(1000, 0).fetches(64, 1 << 20)).isTrue();
        assertThat(new ComeBack(1000, 1e6).fetches(1000, 1_000_000)).as("one second each").isTrue();
        assertThat(new ComeBack(1000, 1e6).fetches(1000, 100_000_000)).as("100 s against one").isFalse();
    }

    @Test
    void theCheaperWayCounts() {
        final ComeBack speeds = new ComeBack(1000, 1e6);
        assertThat(speeds.nanos(500, 0, 0)).isEqualTo(500_000_000);
        assertThat(speeds.nanos(0, 1000, 100_000)).as("fetched").isEqualTo(100_000_000);
        assertThat(speeds.nanos(0, 1000, 100_000_000)).as("computed").isEqualTo(1_000_000_000);
        assertThat(new ComeBack(1000, 0).nanos(10, 1000, 5)).as("a copy of unknown speed is free").isEqualTo(10_000_000);
        assertThat(new ComeBack(0, 0).nanos(10, 1000, 5)).isEqualTo(10);
    }

    @Test
    void forecastsFollowTheOutputs() {
        final OutputForecast forecast = new OutputForecast();
        assertThat(forecast.moreTokens(0, 1000)).isEqualTo(64);
        assertThat(forecast.moreTokens(0, 10)).isEqualTo(10);
        assertThat(forecast.moreTokens(60, 1000)).as("over it soon: half again").isEqualTo(32);
        assertThat(forecast.moreTokens(0, 0)).isZero();
        for (int i = 0; i < 200; i++) {
            forecast.ended(500);
        }
        assertThat(forecast.moreTokens(0, 1000)).isBetween(495, 500);
    }
}
