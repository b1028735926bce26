package io.spillway.gateway.console;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Remembers every error that a client of HTTP was told, by standing before the renderer. Neither messages nor queries are kept: they may
 * hold what a caller wrote. Any thread; short sections under one lock, and only when something went wrong.
 */
final class ErrorBook implements ErrorRenderer {
    /** Errors listed. */
    static final int ERRORS_MAX = 100;
    private static final int PATH_CHARS_MAX = 120;
    private static final int SERVER_FAULT = 500;

    private final ErrorRenderer rendering;
    private final EpochClock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final Map<ErrorCode, ByCode> byCode = new EnumMap<>(ErrorCode.class);
    private long refused;
    private long failed;

    /**
     * One error.
     *
     * @param code    in lower case
     * @param status  HTTP status that stands for it
     * @param broken  whether the answer had begun: the client saw status 200 first
     * @param request id of the HTTP request; "" when the client was refused before it asked
     */
    record Entry(long epochMillis, String code, int status, boolean broken, String path, String request) {
    }

    /** All errors of a code since the start. */
    record ByCode(String code, int status, long count, long lastEpochMillis) {
    }

    /** @param byCode the latest first, as with the other */
    record Told(List<ByCode> byCode, List<Entry> recent) {
    }

    ErrorBook(final ErrorRenderer rendering, final EpochClock clock) {
        this.rendering = rendering;
        this.clock = clock;
    }

    @Override
    public HttpAnswer render(final Asked asked, final SpillwayException failure) {
        remember(asked, failure.code(), false);
        return rendering.render(asked, failure);
    }

    @Override
    public void broken(final Asked asked, final SpillwayException failure) {
        remember(asked, failure.code(), true);
        rendering.broken(asked, failure);
    }

    private void remember(final Asked asked, final ErrorCode code, final boolean broken) {
        final long nowMillis = clock.epochMillis();
        final String name = code.name().toLowerCase(Locale.ROOT);
        final String path = asked.path().substring(0, Math.min(PATH_CHARS_MAX, asked.path().length()));
        lock.lock();
        try {
            if (code != ErrorCode.CANCELLED && (broken || code.httpStatus() >= SERVER_FAULT)) {
                failed++;
            } else {
                refused++;
            }
            byCode.merge(code, new ByCode(name, code.httpStatus(), 1, nowMillis),
                (old, one) -> new ByCode(name, code.httpStatus(), old.count + 1, nowMillis));
            if (entries.size() == ERRORS_MAX) {
                entries.removeLast();
            }
            entries.addFirst(new Entry(nowMillis, name, code.httpStatus(), broken, path, asked.requestId()));
        } finally {
            lock.unlock();
        }
    }

    /** @return errors that the caller can mend, and calls that their callers gave up */
    long refused() {
        lock.lock();
        try {
            return refused;
        } finally {
            lock.unlock();
        }
    }

    /** @return errors that the caller cannot mend */
    long failed() {
        lock.lock();
        try {
            return failed;
        } finally {
            lock.unlock();
        }
    }

    /** @return what is remembered */
    Told told() {
        lock.lock();
        try {
            return new Told(byCode.values().stream().sorted(Comparator.comparingLong(ByCode::lastEpochMillis).reversed()).toList(),
                new ArrayList<>(entries));
        } finally {
            lock.unlock();
        }
    }
}
