package io.spillway.text.stream;

import java.util.List;

/**
 * Cuts text at the stop string that is complete first (of those complete at once, the longest), and holds back what may be the start of
 * one. Owned by one thread.
 */
public final class StopScanner {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private String matched = "";
    private boolean stopped;

    /** @param stops empty ones are left out */
    public StopScanner(final List<String> stops) {
        this.stops = stops.stream().filter(stop -> !stop.isEmpty()).toList();
    }

    /** @return the text that became certain; empty when none, and after a stop */
    public String accept(final CharSequence text) {
        if (stopped) {
            return "";
        }
        final int from = held.length();
        held.append(text);
        for (int end = from + 1; end <= held.length() && !stops.isEmpty(); end++) {
            final int start = stopEndingAt(end);
            if (start >= 0) {
                stopped = true;
                matched = held.substring(start, end);
                return release(start);
            }
        }
        return release(certain());
    }

    private int stopEndingAt(final int end) {
        int first = -1;
        for (final String stop : stops) {
            final int start = end - stop.length();
            if (start >= 0 && (first < 0 || start < first) && held.indexOf(stop, start) == start) {
                first = start;
            }
        }
        return first;
    }

    /** @return how much of what is held cannot be the start of a stop */
    private int certain() {
        int certain = held.length();
        for (final String stop : stops) {
            for (int start = Math.max(0, held.length() - stop.length() + 1); start < certain; start++) {
                if (stop.startsWith(held.substring(start))) {
                    certain = start;
                }
            }
        }
        return certain;
    }

    private String release(final int length) {
        final String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /** @return whether a stop string was met */
    public boolean stopped() {
        return stopped;
    }

    /** @return the stop string that was met; empty when none was */
    public String matched() {
        return matched;
    }

    /** No more text comes. @return what was held back; empty after a stop */
    public String end() {
        return stopped ? "" : release(held.length());
    }
}
