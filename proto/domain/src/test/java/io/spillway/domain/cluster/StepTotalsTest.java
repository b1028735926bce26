package io.spillway.domain.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class StepTotalsTest {
    @Test
    void aDurationIsInTheBucketThatEndsAboveIt() {
        for (final long nanos : new long[] {0, 1, 124_999, 125_000, 249_999, 250_000, 1_000_000, 16_383_999_999L, 16_384_000_000L,
            33_000_000_000L, Long.MAX_VALUE - 1}) {
            final int bucket = StepTotals.bucketOf(nanos);
            assertThat(StepTotals.bucketNanos(bucket)).isGreaterThan(nanos);
            if (bucket > 0) {
                assertThat(StepTotals.bucketNanos(bucket - 1)).isLessThanOrEqualTo(nanos);
            }
        }
        assertThat(StepTotals.bucketOf(-5)).isZero();
    }

    @Test
    void everyBucketIsThere() {
        assertThat(StepTotals.NONE.countByBucket()).hasSize(StepTotals.BUCKETS);
        assertThatThrownBy(() -> new StepTotals(0, 0, 0, 0, 0, 0, 0, List.of(1L))).isInstanceOf(IllegalArgumentException.class);
    }
}
