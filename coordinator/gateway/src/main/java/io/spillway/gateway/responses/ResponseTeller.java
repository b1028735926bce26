package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.responses.ResponseHead.Status;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Words a response: its events in their order, and the response as it stands. Owned by the thread that runs the response. Calls in the
 * order {@code begin} or {@code queue, progress}; {@code on}; then one of {@code end}, {@code fail}, {@code cancel}, and what they return
 * is told by {@code last}.
 */
final class ResponseTeller {
    private final ResponseHead head;
    private final EventTeller teller;
    private final OutputItems items;
    private final EpochClock clock;
    private Status status = Status.IN_PROGRESS;
    private boolean cut;

    ResponseTeller(final ResponseRequest request, final Consumer<ObjectNode> out, final EpochClock clock) {
        this.head = request.head();
        this.teller = new EventTeller(out);
        this.items = new OutputItems(teller, request);
        this.clock = clock;
    }

    /** A response in the foreground begins. */
    void begin() {
        teller.tell("response.created", now());
        teller.tell("response.in_progress", now());
    }

    /** A response in the background waits. */
    void queue() {
        status = Status.QUEUED;
        teller.tell("response.created", now());
        teller.tell("response.queued", now());
    }

    /** A response in the background begins. */
    void progress() {
        status = Status.IN_PROGRESS;
        teller.tell("response.in_progress", now());
    }

    /** Something was put out. */
    void on(final ChatEvent event) {
        if (event instanceof ChatEvent.ChoiceFinished finished) {
            cut = finished.reason() == ChatEvent.ChatFinish.LENGTH;
        }
        items.on(event);
    }

    /** @return the response as it stands */
    ObjectNode now() {
        return head.response(status, items.all());
    }

    /** @return the response as it ended by itself */
    ObjectNode end(final ChatUsage usage) {
        status = cut ? Status.INCOMPLETE : Status.COMPLETED;
        final ObjectNode response = now();
        if (cut) {
            response.putObject("incomplete_details").put("reason", "max_output_tokens");
        } else {
            response.put("completed_at", nowSeconds());
        }
        response.set("usage", UsageJson.of(usage));
        return response;
    }

    /** @return the response as it failed */
    ObjectNode fail(final SpillwayException failure) {
        status = Status.FAILED;
        final ObjectNode response = now();
        final SpillwayException told = Failures.told(failure);
        response.putObject("error").put("code", Failures.code(told.code())).put("message", Failures.message(told));
        return response;
    }

    /** @return the response as it was cancelled */
    ObjectNode cancel() {
        status = Status.CANCELLED;
        return now();
    }

    /** Tells the last event, with what {@code end}, {@code fail} or {@code cancel} returned. */
    void last(final ObjectNode response) {
        teller.tell(switch (status) {
            case COMPLETED -> "response.completed";
            case FAILED -> "response.failed";
            default -> "response.incomplete"; // there is no event for a cancelled response: its status says so
        }, response);
    }

    private long nowSeconds() {
        return TimeUnit.MILLISECONDS.toSeconds(clock.epochMillis());
    }
}
