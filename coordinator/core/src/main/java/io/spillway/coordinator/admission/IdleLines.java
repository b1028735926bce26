package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Flight;
import io.spillway.coordinator.dispatch.Flight.State;
import io.spillway.domain.id.ModelId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;

/**
 * Requests that run from idle capacity only: those that wait, and those that run and may have to give way. They wait without end
 * and beside the others' lines, so that nobody is refused because of them. Agent's thread only.
 */
final class IdleLines {
    private final int waitingMax;
    private final Map<ModelId, WaitingLine> lines = new LinkedHashMap<>();
    private final SequencedSet<Flight> running = new LinkedHashSet<>();
    private int waiting;

    IdleLines(final int waitingMax) {
        this.waitingMax = waitingMax;
    }

    boolean full() {
        return waiting >= waitingMax;
    }

    int waiting() {
        return waiting;
    }

    void add(final Flight flight) {
        line(flight).add(flight);
        waiting++;
    }

    /** Adds one that has lost its node. */
    void addReturned(final Flight flight) {
        running.remove(flight);
        line(flight).addReturned(flight);
        waiting++;
    }

    private WaitingLine line(final Flight flight) {
        return lines.computeIfAbsent(flight.request().model(), model -> new WaitingLine());
    }

    List<WaitingLine> lines() {
        return List.copyOf(lines.values());
    }

    void onLaunched(final Flight flight) {
        running.addLast(flight);
    }

    /** It waits no longer. */
    void leave(final Flight flight) {
        final WaitingLine line = lines.get(flight.request().model());
        if (line != null && line.remove(flight)) {
            waiting--;
            if (line.size() == 0) {
                lines.remove(flight.request().model());
            }
        }
    }

    void onEnded(final Flight flight) {
        leave(flight);
        running.remove(flight);
    }

    /** @return at most {@code count} that run on nodes of that model, those sent last first: they lose least */
    List<Flight> toGiveWay(final ModelId model, final int count) {
        final List<Flight> found = new ArrayList<>();
        for (final Flight flight : running.reversed()) {
            if (found.size() < count && flight.state() == State.RUNNING && flight.request().model().equals(model)) {
                found.add(flight);
            }
        }
        return found;
    }
}
