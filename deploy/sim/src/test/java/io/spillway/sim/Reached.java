package io.spillway.sim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Which marks a set of logs has left: a fault that never happens is a test that never ran. */
final class Reached {
    private final Map<String, Pattern> marks = new LinkedHashMap<>();
    private final List<String> missing = new ArrayList<>();

    Reached() {
        mark("a crash", "n\\d crashes");
        mark("an expulsion", "was expelled");
        mark("a cut", "cut n\\d c\\d");
        mark("a new leader", "leader c");
        mark("a continued stream", "from token [1-9]");
        mark("a failure for want of a node", "has failed: (NO_NODE|NODE_LOST)");
        mark("a cancel", "has failed: CANCELLED");
        mark("an unknown model", "has failed: MODEL_NOT_FOUND");
        mark("an end by a stop token", "is finished: STOP");
        mark("an end by length", "is finished: LENGTH");
        missing.addAll(marks.keySet());
    }

    void add(final Simulation.Outcome outcome) {
        missing.removeIf(name -> marks.get(name).matcher(outcome.log()).find());
    }

    List<String> missing() {
        return List.copyOf(missing);
    }

    private void mark(final String name, final String regex) {
        marks.put(name, Pattern.compile(regex));
    }
}
