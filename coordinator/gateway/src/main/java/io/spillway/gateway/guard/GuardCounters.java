package io.spillway.gateway.guard;

import java.util.concurrent.atomic.LongAdder;

/** What guardrails did since the process started. Any thread. */
public final class GuardCounters {
    private final LongAdder repaired = new LongAdder();
    private final LongAdder retried = new LongAdder();
    private final LongAdder gaveUp = new LongAdder();

    void repaired() {
        repaired.increment();
    }

    void retried() {
        retried.increment();
    }

    void gaveUp() {
        gaveUp.increment();
    }

    /** @return calls whose arguments were put right without asking again */
    public long repairedCalls() {
        return repaired.sum();
    }

    /** @return attempts that were followed by another */
    public long retriedAttempts() {
        return retried.sum();
    }

    /** @return requests whose last attempt was wrong too */
    public long givenUpRequests() {
        return gaveUp.sum();
    }
}
