package io.spillway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class UnitsPropertyTest {
    @Property
    void everyByteSizeReadsBack(@ForAll @LongRange(min = 0) final long bytes) {
        assertThat(Units.parseBytes(Units.formatBytes(bytes))).isEqualTo(bytes);
    }

    @Property
    void everyDurationReadsBack(@ForAll @LongRange(min = 0) final long nanos) {
        final Duration duration = Duration.ofNanos(nanos);
        assertThat(Units.parseDuration(Units.formatDuration(duration))).isEqualTo(duration);
    }

    @Property
    void oneTypingSlipIsForgiven(@ForAll @IntRange(min = 0, max = 11) final int at, @ForAll @IntRange(min = 0, max = 2) final int slip) {
        final List<String> known = List.of("block-tokens", "lease-timeout", "port");
        final StringBuilder typed = new StringBuilder("block-tokens");
        switch (slip) {
            case 0 -> typed.deleteCharAt(at);
            case 1 -> typed.insert(at, 'q');
            default -> typed.setCharAt(at, 'q');
        }
        assertThat(Keys.nearest(typed.toString(), known)).contains("block-tokens");
    }
}
