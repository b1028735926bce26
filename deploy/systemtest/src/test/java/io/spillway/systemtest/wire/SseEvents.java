package io.spillway.systemtest.wire;

import java.util.ArrayList;
import java.util.List;

/** Reads a recorded event stream. Stateless; any thread. */
final class SseEvents {
    private SseEvents() {
    }

    /** @param name of the event; empty = none was given */
    record Event(String name, String data) {
    }

    /** @return events in order, comments left out; one that is not followed by an empty line was cut off and is left out too */
    static List<Event> parse(final String body) {
        final List<Event> events = new ArrayList<>();
        String name = "";
        final List<String> data = new ArrayList<>();
        for (final String line : body.split("\r\n|\n|\r", -1)) {
            if (line.isEmpty()) {
                if (!data.isEmpty()) {
                    events.add(new Event(name, String.join("\n", data)));
                }
                name = "";
                data.clear();
            } else if (line.startsWith("event:")) {
                name = line.substring("event:".length()).strip();
            } else if (line.startsWith("data:")) {
                data.add(line.substring("data:".length()).stripLeading());
            }
        }
        return events;
    }
}
