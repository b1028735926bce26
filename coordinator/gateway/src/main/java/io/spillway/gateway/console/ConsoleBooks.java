package io.spillway.gateway.console;

import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.chat.ChatObserver;
import io.spillway.gateway.http.ErrorRenderer;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * What the console remembers, whether anybody looks or not: ten minutes of charts, changes in the cluster, errors. Takes a sample a second
 * on a thread of its own until {@link #close}.
 */
public final class ConsoleBooks implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ConsoleBooks.class.getName());
    private static final long INTERVAL_MILLIS = 1_000;

    private final ConsoleState state;
    private final NanoClock clock;
    private final Latencies latencies = new Latencies();
    private final ErrorBook errors;
    private final Sampler sampler;
    private final History history = new History();
    private final Changes changes = new Changes();
    private volatile ConsoleSnapshot sampled = ConsoleSnapshot.empty(0);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().name("console-sampler").daemon().factory());

    /**
     * @param rendering what writes the errors that are remembered
     * @param clock     for rates
     */
    public ConsoleBooks(final ConsoleState state, final ErrorRenderer rendering, final NanoClock clock, final EpochClock epochClock) {
        this.state = state;
        this.clock = clock;
        this.errors = new ErrorBook(rendering, epochClock);
        this.sampler = new Sampler(latencies, errors);
    }

    /** Takes a first sample and begins to take more. Call once. */
    public void start() {
        tick();
        timer.scheduleAtFixedRate(this::tick, INTERVAL_MILLIS, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** An exception would silently end the schedule. */
    private void tick() {
        try {
            sample();
        } catch (final RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a sample for the console could not be taken", e);
        }
    }

    private void sample() {
        final ConsoleSnapshot now = state.snapshot();
        changes.look(now);
        history.add(sampler.sample(now, clock.nanoTime()));
        sampled = now;
    }

    /** @return what is to be told of latencies */
    public ChatObserver observer() {
        return latencies;
    }

    /** @return the renderer that remembers what it renders */
    public ErrorRenderer errors() {
        return errors;
    }

    ConsoleSnapshot now() {
        return state.snapshot();
    }

    /** @return the snapshot that the newest sample and the changes are of */
    ConsoleSnapshot sampled() {
        return sampled;
    }

    ErrorBook.Told told() {
        return errors.told();
    }

    List<Changes.Change> latestChanges() {
        return changes.latest();
    }

    History history() {
        return history;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
