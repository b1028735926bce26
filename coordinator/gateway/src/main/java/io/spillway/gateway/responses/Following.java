package io.spillway.gateway.responses;

import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.SseWriter;

/** Tells a client the events of a background response, from any of them on, at the client's pace. Any thread. */
final class Following {
    private final long quietNanos;

    /** @param quietNanos after this long without an event the stream shows that it lives */
    Following(final long quietNanos) {
        this.quietNanos = quietNanos;
    }

    /** Blocks until the response has ended and all is told, or the client has gone. */
    void follow(final HttpExchange exchange, final EventLog log, final long from) {
        final SseWriter events = exchange.events();
        exchange.onDisconnect(log::wake);
        long next = from;
        boolean more = true;
        while (more && !exchange.disconnected()) {
            final EventLog.Batch batch = await(log, next);
            if (batch == null) {
                events.abort();
                return;
            }
            for (final EventLog.Entry entry : batch.entries()) {
                if (!events.event(entry.name(), entry.json())) {
                    return;
                }
                next++;
            }
            more = !batch.isLast() && (!batch.entries().isEmpty() || events.comment("keep-alive"));
        }
        events.end();
    }

    /** @return null when the thread was interrupted */
    private EventLog.Batch await(final EventLog log, final long next) {
        try {
            return log.from(next, quietNanos);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }
}
