package io.spillway.testkit.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A world on one seed. Everything in it takes its time, its chance and its turn from here, so that the seed is the whole story
 * and running it again tells it again, byte for byte.
 */
public final class SimWorld {
    private final long seed;
    private final SimClock clock = new SimClock();
    private final SimQueue queue = new SimQueue();
    private final SimLog log = new SimLog();
    private final RandomGenerator random;
    private final List<Runnable> invariants = new ArrayList<>();
    private long events;

    /** @param seed the whole story */
    public SimWorld(final long seed) {
        this.seed = seed;
        // Specified by name: the same numbers on every JDK.
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** Adds something that must hold after every event; throws when it does not. */
    public void invariant(final Runnable check) {
        invariants.add(check);
    }

    /** Lets something happen later. An empty label keeps it out of the log. */
    public SimQueue.Event after(final long delayNanos, final String label, final Runnable action) {
        return queue.add(clock.nanoTime() + Math.max(0, delayNanos), label, action);
    }

    /** Lets something happen again and again, first after one period. */
    public void every(final long periodNanos, final String label, final Runnable action) {
        after(periodNanos, label, () -> {
            action.run();
            every(periodNanos, label, action);
        });
    }

    /** Takes something back. @return whether it had not happened yet */
    public boolean cancel(final SimQueue.Event event) {
        return queue.remove(event);
    }

    /** Lets the next event happen. @return false when there is none */
    public boolean step() {
        final SimQueue.Event event = queue.poll();
        if (event == null) {
            return false;
        }
        clock.advanceTo(event.atNanos());
        events++;
        if (!event.label().isEmpty()) {
            note(event.label());
        }
        event.action().run();
        invariants.forEach(Runnable::run);
        return true;
    }

    /** Lets everything happen up to a moment. */
    public void runUntil(final long nanos) {
        while (queue.peek() != null && queue.peek().atNanos() <= nanos) {
            step();
        }
        clock.advanceTo(Math.max(nanos, clock.nanoTime()));
    }

    /** Writes a line into the log. */
    public void note(final String what) {
        log.add(clock.nanoTime(), what);
    }

    /** @return whether something of that probability happens now */
    public boolean chance(final double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    /** @return a whole number in {@code [from, to]} */
    public long between(final long from, final long to) {
        return from + random.nextLong(to - from + 1);
    }

    /** @return one of them */
    public <T> T pick(final List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** @return what it was begun with */
    public long seed() {
        return seed;
    }

    /** @return its time */
    public SimClock clock() {
        return clock;
    }

    /** @return its one source of chance */
    public RandomGenerator random() {
        return random;
    }

    /** @return what has happened */
    public SimLog log() {
        return log;
    }

    /** @return events that have happened */
    public long events() {
        return events;
    }
}
