package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.answer.AnswerEvents;
import io.spillway.gateway.answer.ClientAnswer;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** A response that its client waits for. Owned by the exchange's virtual thread. */
final class ForegroundAnswer implements ClientAnswer {
    private final boolean streamed;
    private final UnaryOperator<ObjectNode> keep;
    private final ResponseTeller teller;
    private final List<ObjectNode> told = new ArrayList<>();
    private boolean begun;
    private ObjectNode response;

    /** @param keep stores a response that has ended, where it is to be stored, and returns it */
    ForegroundAnswer(final ResponseRequest request, final UnaryOperator<ObjectNode> keep, final EpochClock clock) {
        this.streamed = request.form().stream();
        this.keep = keep;
        this.teller = new ResponseTeller(request, streamed ? told::add : event -> { }, clock);
    }

    @Override
    public void on(final ChatEvent event, final AnswerEvents events) {
        if (event instanceof ChatEvent.Started) {
            return; // it may still fail before there is anything to show
        }
        if (!begun) {
            begun = true;
            teller.begin();
        }
        teller.on(event);
        show(events);
    }

    @Override
    public void finished(final ChatUsage usage, final AnswerEvents events) {
        response = keep.apply(teller.end(usage));
        teller.last(response);
        show(events);
    }

    @Override
    public void failed(final SpillwayException failure, final AnswerEvents events) {
        teller.last(keep.apply(failure.code() == ErrorCode.CANCELLED ? teller.cancel() : teller.fail(failure)));
        show(events);
    }

    @Override
    public ObjectNode whole(final ChatUsage usage) {
        return response;
    }

    @Override
    public SpillwayException refusal(final SpillwayException failure) {
        return Failures.told(failure);
    }

    private void show(final AnswerEvents events) {
        told.forEach(events::event);
        told.clear();
    }
}
