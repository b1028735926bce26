package io.spillway.sdk;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.RunTerms;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.NanoClock;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One execution of an agent: its calls share a name, by which the cluster keeps their cache warm and adds up their cost, and limits, which
 * are kept here, before a call is sent, and go with every call: the cluster refuses a step beyond them whatever program, or how many of
 * them, makes it. Any thread.
 */
public final class AgentRun {
    private final SpillwayClient client;
    private final String name;
    private final Limits limits;
    private final NanoClock clock;
    private final long startNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private Totals totals = new Totals(0, 0, 0, 0, 0);

    /**
     * What a run may take.
     *
     * @param costNanoDollars no call is sent once the run has cost this much; the last one may go over it. 0 = no limit
     * @param steps           most calls; 0 = no limit
     * @param time            from the run's beginning; a call gets what is left of it. Zero = no limit
     * @param priority        of its calls: higher goes first; 0 is usual
     */
    public record Limits(long costNanoDollars, int steps, Duration time, int priority) {
        /** Nothing is limited. */
        public static final Limits NONE = new Limits(0, 0, Duration.ZERO, 0);

        public Limits {
            if (costNanoDollars < 0 || steps < 0 || time.isNegative()) {
                throw new IllegalArgumentException("limits must not be negative");
            }
        }
    }

    /** What a run has taken so far, as this program has seen it. */
    public record Totals(int steps, long promptTokens, long cachedTokens, long outputTokens, long costNanoDollars) {
        private Totals plus(final ChatAnswer answer) {
            final Usage usage = answer.usage();
            return new Totals(steps + 1, promptTokens + usage.promptTokens(), cachedTokens + usage.cachedTokens(),
                outputTokens + usage.outputTokens(), costNanoDollars + answer.costNanoDollars());
        }
    }

    AgentRun(final SpillwayClient client, final String name, final Limits limits, final NanoClock clock) {
        this.client = client;
        this.name = name;
        this.limits = limits;
        this.clock = clock;
        this.startNanos = clock.nanoTime();
    }

    /** @return a run of that name under limits; its time begins now */
    public AgentRun limits(final Limits newLimits) {
        return new AgentRun(client, name, newLimits, clock);
    }

    public String name() {
        return name;
    }

    /** @return what the run has taken so far */
    public Totals totals() {
        lock.lock();
        try {
            return totals;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #chat(ChatCall, Consumer)}, for the whole answer. */
    public ChatAnswer chat(final ChatCall call) {
        return chat(call, text -> { });
    }

    /**
     * One step of the run.
     *
     * @throws SpillwayException additionally {@code QUOTA_EXCEEDED} or {@code DEADLINE_EXCEEDED} naming the limit that is used up:
     *         nothing was sent then, or nothing was computed
     */
    public ChatAnswer chat(final ChatCall call, final Consumer<String> onText) {
        return counted(client.chat(bounded(call), onText));
    }

    /** One step of the run whose answer is a value: see {@link SpillwayClient#chat(ChatCall, Class)}. */
    public <T> StructuredAnswer<T> chat(final ChatCall call, final Class<T> type) {
        final ChatAnswer answer = chat(call.format(RecordSchema.of(type)));
        return new StructuredAnswer<>(RecordSchema.read(answer, type), answer);
    }

    /**
     * Lets the model work with tools until it answers without calling one. With each step the cluster is told how long the tools took the
     * last time, as the time after which the run is expected back.
     *
     * @param call     the conversation so far; its tools are replaced
     * @param stepsMax most answers of the model
     * @return its last answer: one without tool calls, or after so many steps whatever it is
     */
    public ChatAnswer solve(final ChatCall call, final Toolbox tools, final int stepsMax) {
        ChatCall next = call.tools(tools.specs());
        ChatAnswer answer = chat(next);
        for (int step = 1; step < stepsMax && !answer.toolCalls().isEmpty(); step++) {
            next = next.with(ChatTurn.of(answer));
            final long beganNanos = clock.nanoTime();
            for (final ToolUse use : answer.toolCalls()) {
                next = next.with(tools.run(use));
            }
            answer = chat(next.toolGap(Duration.ofNanos(clock.nanoTime() - beganNanos)));
        }
        return answer;
    }

    private ChatCall bounded(final ChatCall call) {
        final Totals now = totals();
        if (limits.costNanoDollars > 0 && now.costNanoDollars >= limits.costNanoDollars) {
            throw SpillwayException.ofField(ErrorCode.QUOTA_EXCEEDED, "cost",
                "run " + name + " has cost " + now.costNanoDollars + " of " + limits.costNanoDollars + " nano dollars");
        }
        if (limits.steps > 0 && now.steps >= limits.steps) {
            throw SpillwayException.ofField(ErrorCode.QUOTA_EXCEEDED, "steps", "run " + name + " has taken all its " + limits.steps + " steps");
        }
        final ChatCall named = call.run(name).priority(limits.priority)
            .terms(new RunTerms(limits.costNanoDollars, limits.steps, call.options().terms().gapMillis()));
        if (limits.time.isZero()) {
            return named;
        }
        final long leftNanos = limits.time.toNanos() - (clock.nanoTime() - startNanos);
        if (leftNanos <= 0) {
            throw SpillwayException.ofField(ErrorCode.DEADLINE_EXCEEDED, "time", "run " + name + " has used up its " + limits.time);
        }
        final Duration left = Duration.ofNanos(leftNanos);
        return left.compareTo(call.options().timeout()) < 0 ? named.timeout(left) : named;
    }

    private ChatAnswer counted(final ChatAnswer answer) {
        lock.lock();
        try {
            totals = totals.plus(answer);
        } finally {
            lock.unlock();
        }
        return answer;
    }
}
