package io.spillway.gateway.limits;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.NanoClock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests and tokens per minute of each tenant, through this replica. A request is counted when it comes, its tokens when it has ended: those
 * that were computed, prompt and output; cached ones are free. So a tenant may run into debt by what is under way, and waits it off.
 */
public final class RateLimits {
    private static final double NANOS_PER_MINUTE = 60e9;
    private static final int TENANTS_MAX = 100_000;

    private final Limits limits;
    private final NanoClock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<TenantId, Account> accounts = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(final Map.Entry<TenantId, Account> eldest) {
            return size() > TENANTS_MAX;
        }
    };

    /**
     * What each tenant may do.
     *
     * @param requestsPerMinute 0 = any number
     * @param tokensPerMinute   0 = any number
     * @param quotaNanoDollars  what a tenant may spend in all; 0 = any amount
     */
    public record Limits(int requestsPerMinute, long tokensPerMinute, long quotaNanoDollars) {
        /** Everything. */
        public static final Limits NONE = new Limits(0, 0, 0);

        public Limits {
            if (requestsPerMinute < 0 || tokensPerMinute < 0 || quotaNanoDollars < 0) {
                throw new IllegalArgumentException("limits must not be negative");
            }
        }
    }

    /**
     * One limit at one moment.
     *
     * @param limit      per minute
     * @param remaining  of it, now
     * @param resetNanos until all of it is there again
     */
    public record Level(long limit, long remaining, long resetNanos) {
    }

    /** A tenant's limits at one moment; empty where there is none. */
    public record State(Optional<Level> requests, Optional<Level> tokens) {
    }

    /** One limit of one tenant, refilled all the time. */
    private static final class Bucket {
        private final double max;
        private double level;
        private long atNanos;

        Bucket(final double max, final long nowNanos) {
            this.max = max;
            this.level = max;
            this.atNanos = nowNanos;
        }

        void refill(final long nowNanos) {
            level = Math.min(max, level + (nowNanos - atNanos) * max / NANOS_PER_MINUTE);
            atNanos = nowNanos;
        }

        long nanosUntil(final double wanted) {
            return max == 0 ? 0 : (long) Math.ceil(Math.max(0, wanted - level) * NANOS_PER_MINUTE / max);
        }

        Optional<Level> told() {
            return max == 0 ? Optional.empty() : Optional.of(new Level((long) max, (long) Math.max(0, Math.floor(level)), nanosUntil(max)));
        }
    }

    /** What one tenant has left. */
    private record Account(Bucket requests, Bucket tokens) {
    }

    public RateLimits(final Limits limits, final NanoClock clock) {
        this.limits = requireNonNull(limits, "limits");
        this.clock = requireNonNull(clock, "clock");
    }

    /**
     * Counts a request.
     *
     * @param spentNanoDollars what the tenant has spent so far
     * @return what is left with it
     * @throws SpillwayException {@code RATE_LIMIT_EXCEEDED} with the time to wait, {@code QUOTA_EXCEEDED} when waiting is of no use
     */
    public State admit(final TenantId tenant, final long spentNanoDollars) {
        if (limits.quotaNanoDollars() > 0 && spentNanoDollars >= limits.quotaNanoDollars()) {
            throw new SpillwayException(ErrorCode.QUOTA_EXCEEDED, "You exceeded your current quota; ask your operator for more");
        }
        lock.lock();
        try {
            final Account account = account(tenant);
            check(account.requests, 1, "requests");
            check(account.tokens, Double.MIN_VALUE, "tokens");
            account.requests.level -= account.requests.max > 0 ? 1 : 0;
            return new State(account.requests.told(), account.tokens.told());
        } finally {
            lock.unlock();
        }
    }

    private static void check(final Bucket bucket, final double wanted, final String what) {
        if (bucket.max > 0 && bucket.level < wanted) {
            throw SpillwayException.retryAfter(ErrorCode.RATE_LIMIT_EXCEEDED,
                "Rate limit reached: " + (long) bucket.max + " " + what + " per minute", Math.max(1, bucket.nanosUntil(Math.max(wanted, 1))));
        }
    }

    /** Counts what a request took. */
    public void settle(final TenantId tenant, final long tokens) {
        if (limits.tokensPerMinute() > 0) {
            lock.lock();
            try {
                account(tenant).tokens.level -= tokens;
            } finally {
                lock.unlock();
            }
        }
    }

    private Account account(final TenantId tenant) {
        final long nowNanos = clock.nanoTime();
        final Account account = accounts.computeIfAbsent(tenant, any ->
            new Account(new Bucket(limits.requestsPerMinute(), nowNanos), new Bucket(limits.tokensPerMinute(), nowNanos)));
        account.requests.refill(nowNanos);
        account.tokens.refill(nowNanos);
        return account;
    }
}
