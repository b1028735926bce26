package io.spillway.gateway.answer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Retention;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.limits.RateHeaders;
import io.spillway.gateway.limits.RateLimits;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * How one API words one answer, as a stream or as a whole. Called by an {@link AnswerRun}, in the order of the request's events, by the thread
 * that runs the request.
 */
public interface ClientAnswer {
    /**
     * Takes an event into the answer and shows what of it belongs into a stream.
     *
     * @param event neither of the two that end a request
     */
    void on(ChatEvent event, AnswerEvents events);

    /** The answer is complete: a stream ends with what this shows. */
    void finished(ChatUsage usage, AnswerEvents events);

    /** The request failed after the stream had begun: it ends with what this shows. */
    void failed(SpillwayException failure, AnswerEvents events);

    /** @return the answer as a whole, after {@link #finished}; asked only where nothing was streamed */
    ObjectNode whole(ChatUsage usage);

    /** @return how this API words a failure before anything was written */
    default SpillwayException refusal(final SpillwayException failure) {
        return failure;
    }

    /** The client was shown nothing for a while: a moment to show it that its request still runs. */
    default void quiet(final AnswerEvents events) {
        if (events.begun()) {
            events.comment("keep-alive");
        }
    }

    /** As {@link io.spillway.gateway.chat.ChatListener#retained}. */
    default void retained(final List<Retention> retentions) {
    }

    /**
     * Says what the tenant may still ask for.
     *
     * @param header takes a name and a value
     */
    default void admitted(final RateLimits.State left, final BiConsumer<String, String> header) {
        RateHeaders.tell(left, header);
    }
}
