package io.spillway.gateway.guard;

import java.util.concurrent.atomic.LongAdder;

/** What guardrails did since the process started. Any thread. */
public final class GuardCounters {
    private final LongAdder repaired = new LongAdder();
    private final LongAdder retried = new LongAdder();
    private final LongAdder gaveUp = new LongAdder();

    private final LongAdder malformed = new LongAdder();
    private final LongAdder forbidden = new LongAdder();
    private final LongAdder untrue = new LongAdder();

    /** @param problem of a call, in any attempt */
    void wrongCall(final Guard.Problem problem) {
        (problem.forbidden() ? forbidden : malformed).increment();
    }

    void wrongAnswer() {
        untrue.increment();
    }

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

    /** @return calls that are not what the schema asks for, or have made-up values, in all attempts */
    public long malformedCalls() {
        return malformed.sum();
    }

    /** @return calls that a contract forbids, in all attempts */
    public long forbiddenCalls() {
        return forbidden.sum();
    }

    /** @return answers with a claim that is not so, in all attempts */
    public long untrueAnswers() {
        return untrue.sum();
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
