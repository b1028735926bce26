package io.spillway.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import java.util.List;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RateLimitsTest {
    private static final TenantId TENANT = new TenantId("t");
    private long nowNanos;

    private RateLimits limits(final int requests, final long tokens, final long quota) {
        return new RateLimits(new RateLimits.Limits(requests, tokens, quota), () -> nowNanos);
    }

    private static SpillwayException refusal(final RateLimits limits) {
        try {
            limits.admit(TENANT, 0);
            return null;
        } catch (final SpillwayException e) {
            return e;
        }
    }

    @Test
    void aMinutesRequestsAreAdmittedAtOnceAndThenOneAtATime() {
        final RateLimits limits = limits(6, 0, 0);
        for (int i = 5; i >= 0; i--) {
            assertThat(limits.admit(TENANT, 0).requests().orElseThrow().remaining()).isEqualTo(i);
        }
        final SpillwayException refused = refusal(limits);
        assertThat(refused.code()).isEqualTo(ErrorCode.RATE_LIMIT_EXCEEDED);
        assertThat(refused.retryAfterNanos()).hasValue(TimeUnit.SECONDS.toNanos(10));
        assertThat(limits.admit(new TenantId("other"), 0).requests().orElseThrow().remaining()).isEqualTo(5);
        nowNanos += refused.retryAfterNanos().orElseThrow();
        assertThat(refusal(limits)).isNull();
        assertThat(refusal(limits)).isNotNull();
    }

    @Test
    void tokensAreCountedWhenTheyAreKnownAndADebtIsWaitedOff() {
        final RateLimits limits = limits(0, 600, 0);
        assertThat(limits.admit(TENANT, 0).tokens().orElseThrow().remaining()).isEqualTo(600);
        limits.settle(TENANT, 1200);
        final SpillwayException refused = refusal(limits);
        assertThat(refused.retryAfterNanos().orElseThrow()).isBetween(TimeUnit.SECONDS.toNanos(60), TimeUnit.SECONDS.toNanos(61));
        nowNanos += refused.retryAfterNanos().orElseThrow();
        assertThat(refusal(limits)).isNull();
    }

    @Test
    void aQuotaThatIsSpentIsNotWaitedFor() {
        final RateLimits limits = limits(0, 0, 1000);
        assertThat(limits.admit(TENANT, 999).requests()).isEmpty();
        assertThatThrownBy(() -> limits.admit(TENANT, 1000)).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
            assertThat(e.code().retryable()).isFalse();
            assertThat(e.retryAfterNanos()).isEmpty();
        });
    }

    /** Over any time, no more than what the limit gives in that time and one minute's worth at the beginning. */
    @Property
    void neverMoreThanTheLimit(@ForAll @Size(max = 200) final List<@IntRange(min = 0, max = 5000) Integer> waitsMillis) {
        final RateLimits limits = limits(30, 0, 0);
        nowNanos = 0;
        int admitted = 0;
        for (final int millis : waitsMillis) {
            nowNanos += TimeUnit.MILLISECONDS.toNanos(millis);
            admitted += refusal(limits) == null ? 1 : 0;
        }
        assertThat(admitted).isLessThanOrEqualTo(30 + (int) (nowNanos / TimeUnit.SECONDS.toNanos(2)) + 1);
    }

    @Test
    void durationsAreWordedAsClientsKnowThem() {
        assertThat(RateHeaders.duration(0)).isEqualTo("0ms");
        assertThat(RateHeaders.duration(19_000_001)).isEqualTo("20ms");
        assertThat(RateHeaders.duration(1_500_000_000L)).isEqualTo("1.5s");
        assertThat(RateHeaders.duration(360_000_000_000L)).isEqualTo("6m0s");
        assertThat(RateHeaders.duration(61_250_000_000L)).isEqualTo("1m1.25s");
    }
}
