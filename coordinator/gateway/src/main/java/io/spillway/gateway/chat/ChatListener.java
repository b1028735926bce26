package io.spillway.gateway.chat;

import io.spillway.domain.request.Retention;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.runs.OpenStep;
import java.util.List;

/** Receives a request's events, in order, one at a time, on the thread that runs the call. May block: that holds back nobody else. */
@FunctionalInterface
public interface ChatListener {
    void on(ChatEvent event);

    /** The request's tenant may ask, and has that left; comes first of all, once, unless it may not. */
    default void admitted(final RateLimits.State left) {
    }

    /** The request is sound and has found its place in a run; comes before any event, once, unless the request fails before. */
    default void begun(final OpenStep step) {
    }

    /**
     * The beginnings of the prompt that are to be kept, in tokens, in the order of the wishes; comes after {@code begun}, before any event,
     * where there are wishes.
     */
    default void retained(final List<Retention> retentions) {
    }

    /**
     * The request still runs: a moment to show the client that it does. Comes at regular times, whether or not there were events since: only
     * who writes to the client knows what of them it saw.
     */
    default void quiet() {
    }
}
