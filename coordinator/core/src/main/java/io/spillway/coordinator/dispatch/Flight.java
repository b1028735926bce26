package io.spillway.coordinator.dispatch;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * An accepted request on its way, over all its attempts: what its listener has been given, and where it is.
 *
 * <p>Single writer: the admission agent's thread, except {@link #askCancel()}. {@link #request()}, {@link #chain()} and
 * {@link #placement()} may be read by any thread.
 */
public final class Flight {
    private static final long NEVER = Long.MIN_VALUE;

    private final GenerationRequest request;
    private final Consumer<GenerationEvent> listener;
    private final long submittedNanos;
    private final DeliveredOutput output;
    private final Map<MemberKey, Long> excludedUntilNanos = new HashMap<>();
    private final AtomicBoolean cancelAsked = new AtomicBoolean();
    private volatile Optional<List<BlockHash>> chain;
    private volatile String placement = "";
    private State state = State.WAITING;
    private Attempt attempt;
    private Attempt lastAttempt;
    private int attempts;
    private int newTokens;
    private Optional<PrefillSources> firstSources = Optional.empty();
    private Optional<ErrorCode> failure = Optional.empty();
    private long waitingSinceNanos;
    private long begunNanos = NEVER;
    private long firstTokenNanos = NEVER;
    private long lastTokenNanos = NEVER;
    private long endedNanos = NEVER;
    private boolean listenerBroken;

    /** Where a request is. */
    public enum State {
        /** Accepted, on no node. */
        WAITING,
        /** On a node. */
        RUNNING,
        /** Its terminal event was delivered: complete. */
        FINISHED,
        /** Its terminal event was delivered: failed. */
        FAILED,
        /** Its terminal event was delivered: cancelled. */
        CANCELLED;

        /** @return whether nothing more will happen to it */
        public boolean ended() {
            return this != WAITING && this != RUNNING;
        }
    }

    /** @param chain hashes of the prompt's full blocks; empty when the layout was not known yet */
    public Flight(
        final GenerationRequest request, final Consumer<GenerationEvent> listener, final Optional<List<BlockHash>> chain,
        final long nowNanos) {
        this.request = requireNonNull(request, "request");
        this.listener = requireNonNull(listener, "listener");
        this.chain = chain;
        this.submittedNanos = nowNanos;
        this.waitingSinceNanos = nowNanos;
        this.output = new DeliveredOutput(request.emittedTokens(), request.outputTokensMax());
    }

    /** @return as submitted */
    public GenerationRequest request() {
        return request;
    }

    /** @return as it must be sent now: continued behind all that was delivered */
    public GenerationRequest continued() {
        return output.count() == request.emittedTokens().length ? request : request.continuedFrom(output.toArray());
    }

    /** @return hashes of the prompt's full blocks; empty while the model's layout is not known */
    public Optional<List<BlockHash>> chain() {
        return chain;
    }

    /** Sets what the constructor could not know. Owner thread. */
    public void onChain(final List<BlockHash> hashes) {
        chain = Optional.of(hashes);
    }

    /** @return why it runs where it runs; empty before it was placed */
    public String placement() {
        return placement;
    }

    /** @return whether this is the first call. Any thread */
    public boolean askCancel() {
        return cancelAsked.compareAndSet(false, true);
    }

    /** @return where it is */
    public State state() {
        return state;
    }

    /** @return nodes it was sent to */
    public int attempts() {
        return attempts;
    }

    /** @return the attempt whose events count, or the last one that did */
    public Optional<Attempt> attempt() {
        return Optional.ofNullable(lastAttempt);
    }

    /** @return why it failed; empty unless it did */
    public Optional<ErrorCode> failure() {
        return failure;
    }

    /** @return output tokens delivered, those of earlier attempts included */
    public int outputTokens() {
        return output.count();
    }

    /** @return whether the output has reached its limit */
    public boolean outputFull() {
        return output.full();
    }

    /** @return when it was handed in */
    public long submittedNanos() {
        return submittedNanos;
    }

    /** @return when it began to wait for a node, this time */
    public long waitingSinceNanos() {
        return waitingSinceNanos;
    }

    /** @return from submission to when a node began on it, the first time; -1 while none has */
    public long queueNanos() {
        return begunNanos == NEVER ? -1 : begunNanos - submittedNanos;
    }

    /** @return mean time from one new token to the next, of all attempts; -1 while there are fewer than two */
    public long itlNanos() {
        return newTokens < 2 ? -1 : (lastTokenNanos - firstTokenNanos) / (newTokens - 1);
    }

    /** @return from submission to the first new token; -1 while there is none */
    public long ttftNanos() {
        return firstTokenNanos == NEVER ? -1 : firstTokenNanos - submittedNanos;
    }

    /** @return from submission to the end, or until now */
    public long durationNanos(final long nowNanos) {
        return (endedNanos == NEVER ? nowNanos : endedNanos) - submittedNanos;
    }

    /** @return prompt and cached tokens as the first attempt found them, output tokens of all attempts */
    public Usage usage() {
        final PrefillSources sources = firstSources.orElse(PrefillSources.NONE);
        final int cached = Math.max(0, Math.min(sources.cachedTokens(), request.promptTokens().length));
        return new Usage(request.promptTokens().length, cached, output.count(), sources);
    }

    /** @return whether any node began on it */
    public boolean started() {
        return firstSources.isPresent() || firstTokenNanos != NEVER;
    }

    /** Keeps it off a member for a while. Owner thread. */
    public void exclude(final MemberKey member, final long untilNanos) {
        excludedUntilNanos.put(member, untilNanos);
    }

    /** @return whether it must stay off that member */
    public boolean excludes(final MemberKey member, final long nowNanos) {
        final Long untilNanos = excludedUntilNanos.get(member);
        return untilNanos != null && untilNanos - nowNanos > 0;
    }

    void onLaunch(final Attempt newAttempt, final String explanation) {
        attempts++;
        attempt = newAttempt;
        lastAttempt = newAttempt;
        placement = attempts == 1 ? explanation : "attempt " + attempts + ": " + explanation;
        state = State.RUNNING;
    }

    void onWaiting(final long nowNanos) {
        attempt = null;
        waitingSinceNanos = nowNanos;
        state = State.WAITING;
    }

    Optional<Attempt> current() {
        return Optional.ofNullable(attempt);
    }

    boolean isCurrent(final Attempt candidate) {
        return attempt == candidate;
    }

    /** @return the news, to be delivered; or why there is none */
    DeliveredOutput.Step onDelta(final GenerationEvent.TokenDelta delta, final long nowNanos) {
        final DeliveredOutput.Step step = output.accept(delta);
        if (step instanceof DeliveredOutput.Step.News(GenerationEvent.TokenDelta news)) {
            onNews(news.tokens().length, nowNanos);
        }
        return step;
    }

    private void onNews(final int tokens, final long nowNanos) {
        begin(nowNanos);
        if (firstTokenNanos == NEVER) {
            firstTokenNanos = nowNanos;
        }
        lastTokenNanos = nowNanos;
        newTokens += tokens;
    }

    private void begin(final long nowNanos) {
        if (begunNanos == NEVER) {
            begunNanos = nowNanos;
        }
    }

    /** @return whether these are the first */
    boolean onSources(final PrefillSources sources, final long nowNanos) {
        begin(nowNanos);
        if (firstSources.isPresent()) {
            return false;
        }
        firstSources = Optional.of(sources);
        return true;
    }

    /** Ends it; the caller has checked that it has not ended, and delivers {@code terminal} itself. */
    void onEnd(final GenerationEvent terminal, final long nowNanos) {
        if (state.ended()) {
            throw new IllegalStateException("request " + request.id() + " ends twice");
        }
        attempt = null;
        endedNanos = nowNanos;
        if (terminal instanceof GenerationEvent.Failed(ErrorCode code, String _)) {
            state = code == ErrorCode.CANCELLED ? State.CANCELLED : State.FAILED;
            failure = Optional.of(code);
        } else {
            state = State.FINISHED;
        }
    }

    /** @return whether the listener has never thrown */
    boolean listening() {
        return !listenerBroken;
    }

    /** @return whether the listener took it; one that throws must be given nothing more */
    boolean deliver(final GenerationEvent event) {
        try {
            listener.accept(event);
            return true;
        } catch (final RuntimeException e) {
            // The listener is a stranger's code: its failure ends its request, not the agent. The dispatcher counts it.
            listenerBroken = true;
            return false;
        }
    }
}
