package io.spillway.gateway.chat;

import io.spillway.coordinator.admission.RequestLine.Submission;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.Usage;
import io.spillway.gateway.runs.OpenStep;
import io.spillway.gateway.runs.RunStep;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A request on its way. {@link #run} belongs to one thread, which also calls the listener; {@link #cancel} may come from any.
 * The request line's events wait in a bounded mailbox: when the listener is so slow that it overflows, the request ends.
 */
public final class ChatCall implements RunningCall {
    /** A deadline further away is none: a century. */
    private static final long DEADLINE_MILLIS_MAX = 100L * 365 * 24 * 3600 * 1000;

    private final ChatRequest request;
    private final ChatListener listener;
    private final ChatPlanner planner;
    private final ChatService.Parts parts;
    private final ChatService.Limits limits;
    private final CallTimes times;
    private final BestChoices best; // null: choices are told as they come
    private final LinkedBlockingQueue<Signal> mailbox;
    private final List<Submission> submissions = new CopyOnWriteArrayList<>();
    private long quietAtNanos;
    private boolean hasDeadline;
    private long deadlineNanos;
    private volatile boolean cancelled;
    private volatile boolean overflowed;

    /** One event of one choice, or a mere wake-up when {@code event} is null. */
    private record Signal(int choice, GenerationEvent event) {
        static final Signal WAKE = new Signal(-1, null);
    }

    ChatCall(
        final ChatRequest request, final ChatListener listener, final ChatPlanner planner, final ChatService.Parts parts,
        final ChatService.Limits limits) {
        this.request = request;
        this.listener = listener;
        this.planner = planner;
        this.parts = parts;
        this.limits = limits;
        this.times = new CallTimes(request.model(), parts.observer(), parts.clock(), request.candidates());
        this.best = request.candidates() > request.outputs() ? new BestChoices(request) : null;
        this.mailbox = new LinkedBlockingQueue<>(limits.mailboxEvents());
    }

    /** Ends the request with {@code Failed(CANCELLED)} unless it has ended. Idempotent; any thread; does not block. */
    @Override
    public void cancel() {
        cancelled = true;
        submissions.forEach(Submission::cancel);
        mailbox.offer(Signal.WAKE);
    }

    /** Runs the request to its end, calling the listener. Call once. */
    @Override
    public void run() {
        final long beganMillis = parts.soft().clock().epochMillis();
        OpenStep step = null;
        List<ChoiceRun> runs = List.of();
        try {
            listener.admitted(parts.admit(request.tenant()));
            checkDeadline(beganMillis);
            final ChatPlanner.Plan plan = planner.plan(request);
            step = plan.step();
            runs = plan.runs();
            parts.checkTerms(request, step);
            listener.begun(step);
            if (!plan.retentions().isEmpty()) {
                listener.retained(plan.retentions());
            }
            final List<ChoiceRun> planned = runs;
            quietAtNanos = parts.clock().nanoTime() + limits.quietNanos();
            planned.forEach(this::submit);
            while (!planned.stream().allMatch(ChoiceRun::finished)) {
                step(planned);
            }
            if (best != null) {
                best.tell(planned, listener::on);
            }
            final ChatUsage usage = end(step, runs, Optional.empty());
            listener.on(new ChatEvent.Finished(usage));
        } catch (final SpillwayException e) {
            submissions.forEach(Submission::cancel);
            end(step, runs, Optional.of(e.code()));
            listener.on(new ChatEvent.Failed(e));
        } catch (final RuntimeException | Error e) {
            submissions.forEach(Submission::cancel);
            end(step, runs, Optional.of(ErrorCode.INTERNAL));
            throw e;
        }
    }

    /** A deadline that has passed is the caller's mistake; one that passes later ends the request. */
    private void checkDeadline(final long nowMillis) {
        final OptionalLong deadline = request.options().context().deadlineEpochMillis();
        if (deadline.isPresent()) {
            final long leftMillis = deadline.getAsLong() - nowMillis;
            if (leftMillis <= 0) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "x-run-deadline", "The run's deadline has passed already");
            }
            deadlineNanos = parts.clock().nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.min(leftMillis, DEADLINE_MILLIS_MAX));
            hasDeadline = true;
        }
    }

    /** @param step null when the request failed before it had its place */
    private ChatUsage end(final OpenStep step, final List<ChoiceRun> runs, final Optional<ErrorCode> failure) {
        final ChatUsage total = usage(runs);
        times.onEnd(total, failure);
        if (step != null) {
            final Usage usage = total.usage();
            parts.settle(request.tenant(), usage);
            step.end(new RunStep.Consumed(usage.promptTokens(), usage.cachedTokens(), usage.outputTokens(), total.costNanoDollars(),
                Math.max(0, parts.soft().clock().epochMillis() - step.step().beganMillis()), times.phases(), failure),
                runs.stream().map(ChoiceRun::tokens).toList());
        }
        return total;
    }

    private void submit(final ChoiceRun run) {
        final int choice = submissions.size();
        run.replay(event -> tell(choice, event));
        if (run.finished()) {
            submissions.add(NOT_SUBMITTED);
            return;
        }
        submissions.add(parts.line().submit(run.request(), run.chain(), event -> post(new Signal(choice, event))));
        if (cancelled) {
            submissions.getLast().cancel();
        }
    }

    /** Threads of the request line. */
    private void post(final Signal signal) {
        if (!overflowed && !mailbox.offer(signal)) {
            overflowed = true;
            parts.observer().onOverflow(request.model());
        }
    }

    private void step(final List<ChoiceRun> runs) {
        final Signal signal = next();
        if (cancelled) {
            throw new SpillwayException(ErrorCode.CANCELLED, "The request was cancelled");
        }
        if (overflowed) {
            throw new SpillwayException(ErrorCode.CANCELLED, "The client reads too slowly");
        }
        if (hasDeadline && parts.clock().nanoTime() - deadlineNanos >= 0) {
            throw SpillwayException.ofField(ErrorCode.DEADLINE_EXCEEDED, "x-run-deadline", "The run's deadline has passed");
        }
        if (signal != null && signal.event() != null) {
            final ChoiceRun run = runs.get(signal.choice());
            final Submission submission = submissions.get(signal.choice());
            run.on(signal.event(), submission.placement(), event -> tell(signal.choice(), event));
            if (run.finished()) {
                submission.cancel();
            }
        }
        beQuiet(signal == null);
    }

    /** Tokens may come for minutes of which the client sees nothing, those of a long tool call: the listener hears that it is time all the same. */
    private void beQuiet(final boolean silent) {
        final long nowNanos = parts.clock().nanoTime();
        if (silent || nowNanos - quietAtNanos >= 0) {
            quietAtNanos = nowNanos + limits.quietNanos();
            listener.quiet();
        }
    }

    private Signal next() {
        try {
            final long nowNanos = parts.clock().nanoTime();
            final long leftNanos = hasDeadline ? Math.max(0, deadlineNanos - nowNanos) : Long.MAX_VALUE;
            return mailbox.poll(Math.min(Math.max(0, quietAtNanos - nowNanos), leftNanos), TimeUnit.NANOSECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SpillwayException(ErrorCode.CANCELLED, "The thread of the request was interrupted", e);
        }
    }

    private void tell(final int choice, final ChatEvent event) {
        if (event instanceof ChatEvent.Started) {
            times.onStarted();
        } else if (event instanceof ChatEvent.Tokens tokens) {
            times.onTokens(tokens.choice(), tokens.tokens().length);
        }
        if (best != null) {
            best.take(choice, event);
        } else {
            listener.on(event);
        }
    }

    private ChatUsage usage(final List<ChoiceRun> runs) {
        ChatUsage sum = ChatUsage.NONE;
        for (int choice = 0; choice < runs.size(); choice++) {
            final var usage = runs.get(choice).usage();
            final long cost = parts.tariff().applyAsLong(request.model(), usage);
            final int thought = runs.get(choice).reasoningTokens();
            final boolean firstOfPrompt = choice % request.options().bestOf() == 0;
            final String placement = choice < submissions.size() ? submissions.get(choice).placement() : "";
            sum = sum.plus((firstOfPrompt ? new ChatUsage(usage, thought, cost, placement)
                : ChatUsage.ofOutput(usage.outputTokens(), thought, cost)).with(prediction(runs.get(choice))));
        }
        return sum;
    }

    private static ChatUsage.Prediction prediction(final ChoiceRun run) {
        final int[] predicted = run.request().predictedTokens();
        if (predicted.length == 0) {
            return ChatUsage.Prediction.NONE;
        }
        final int accepted = PredictionMatch.tokens(predicted, run.tokens());
        return new ChatUsage.Prediction(accepted, predicted.length - accepted);
    }

    /** Stands for a choice that was complete before anything had to run. */
    private static final Submission NOT_SUBMITTED = new Submission() {
        @Override
        public void cancel() {
            // Nothing runs.
        }

        @Override
        public String placement() {
            return "";
        }
    };
}
