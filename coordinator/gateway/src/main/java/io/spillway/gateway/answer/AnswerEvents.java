package io.spillway.gateway.answer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.SseWriter;
import io.spillway.gateway.json.Json;

/**
 * The stream of one answer. It begins, and the headers go out, with the first event. When the client is gone, the request is ended and what
 * is sent after goes nowhere. Owned by the exchange's virtual thread; every event may wait for the client to take those before.
 */
public final class AnswerEvents {
    private final HttpExchange exchange;
    private final Runnable left;
    private SseWriter writer;
    private boolean open = true;
    private boolean sentSince;

    /** @param left ends the request */
    AnswerEvents(final HttpExchange exchange, final Runnable left) {
        this.exchange = exchange;
        this.left = left;
    }

    /** @return whether anything was sent */
    public boolean begun() {
        return writer != null;
    }

    /** @return whether anything was sent since this was last asked */
    boolean sentSinceAsked() {
        final boolean sent = sentSince;
        sentSince = false;
        return sent;
    }

    /** Sends an event without a name. */
    public void data(final byte[] text) {
        if (open) {
            sent(writer().data(text));
        }
    }

    /** Sends an event named as its {@code type} says. */
    public void event(final ObjectNode event) {
        if (open) {
            sent(writer().event(event.path("type").asText(), Json.bytes(event)));
        }
    }

    /** Sends a comment, which clients ignore. */
    public void comment(final String text) {
        if (open) {
            sent(writer().comment(text));
        }
    }

    void end() {
        writer.end();
    }

    private SseWriter writer() {
        if (writer == null) {
            writer = exchange.events();
        }
        return writer;
    }

    private void sent(final boolean taken) {
        sentSince = true;
        if (!taken) {
            open = false;
            left.run();
        }
    }
}
