package io.spillway.testkit.sim;

import java.util.PriorityQueue;

/** What is to happen, in the order (deadline, id): of two events at one moment, the one scheduled first. World's thread only. */
public final class SimQueue {
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nextId;

    /** Something that will happen. {@code label} names it in the log. */
    public record Event(long atNanos, long id, String label, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(final Event other) {
            final int order = Long.compare(atNanos, other.atNanos);
            return order != 0 ? order : Long.compare(id, other.id);
        }
    }

    /** Adds an event. @return it, to be removed again if need be */
    public Event add(final long atNanos, final String label, final Runnable action) {
        final Event event = new Event(atNanos, nextId++, label, action);
        events.add(event);
        return event;
    }

    /** @return whether it had not happened yet */
    public boolean remove(final Event event) {
        return events.remove(event);
    }

    /** @return the next event, removed; null when there is none */
    public Event poll() {
        return events.poll();
    }

    /** @return the next event; null when there is none */
    public Event peek() {
        return events.peek();
    }

    /** @return events to come */
    public int size() {
        return events.size();
    }
}
