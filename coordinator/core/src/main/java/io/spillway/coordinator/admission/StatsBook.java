package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Flight;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.Usage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts what happened to requests. Agent's thread only. */
final class StatsBook {
    private final ArrayDeque<RequestSummary> recent = new ArrayDeque<>();
    private final Map<ErrorCode, Long> failures = new EnumMap<>(ErrorCode.class);
    private long accepted;
    private long finished;
    private long failed;
    private long cancelled;
    private long promptTokens;
    private long cachedTokens;
    private long outputTokens;

    void onAccepted() {
        accepted++;
    }

    void onEnded(final Flight flight, final long nowNanos) {
        switch (flight.state()) {
            case FINISHED -> finished++;
            case FAILED -> {
                failed++;
                failures.merge(flight.failure().orElseThrow(), 1L, Long::sum);
            }
            case CANCELLED -> cancelled++;
            case WAITING, RUNNING -> throw new IllegalStateException(flight.request().id() + " has not ended");
        }
        if (flight.started()) {
            final Usage usage = flight.usage();
            promptTokens += usage.promptTokens();
            cachedTokens += usage.cachedTokens();
            outputTokens += usage.outputTokens();
        }
        recent.addFirst(RequestSummary.of(flight, nowNanos));
        if (recent.size() > CoordinatorStats.REQUESTS_MAX) {
            recent.removeLast();
        }
    }

    CoordinatorStats.Totals totals(final long refused) {
        return new CoordinatorStats.Totals(
            accepted, refused, finished, failed, cancelled, promptTokens, cachedTokens, outputTokens);
    }

    /** @return failures by code; refusals at the door count as {@code OVERLOADED} */
    Map<ErrorCode, Long> failures(final long refused) {
        final Map<ErrorCode, Long> all = new EnumMap<>(ErrorCode.class);
        all.putAll(failures);
        if (refused > 0) {
            all.merge(ErrorCode.OVERLOADED, refused, Long::sum);
        }
        return all;
    }

    List<RequestSummary> recent() {
        return List.copyOf(recent);
    }

    static List<RequestSummary> live(final Collection<Flight> flights, final long nowNanos) {
        final List<RequestSummary> live = new ArrayList<>();
        flights.stream().skip(Math.max(0, flights.size() - CoordinatorStats.REQUESTS_MAX))
            .forEach(flight -> live.add(RequestSummary.of(flight, nowNanos)));
        return live.reversed();
    }
}
