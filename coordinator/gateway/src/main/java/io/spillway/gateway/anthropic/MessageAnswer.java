package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Retention;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.answer.AnswerEvents;
import io.spillway.gateway.answer.ClientAnswer;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.limits.RateLimits;
import java.util.List;
import java.util.function.BiConsumer;

/** A message, whole or as a stream. Owned by the exchange's virtual thread. */
final class MessageAnswer implements ClientAnswer {
    private final Names names;
    private final EpochClock clock;
    private final boolean streamed;
    private final MessageStream stream;
    private final AnswerBlocks blocks;
    private InputUsage.Reach reach = InputUsage.Reach.NONE;

    /**
     * What belongs to the answer.
     *
     * @param exchange id that errors name
     * @param message  id of the answer
     */
    record Names(String exchange, String message) {
    }

    MessageAnswer(final Names names, final EpochClock clock, final MessagesBody.AnswerForm form) {
        this.names = names;
        this.clock = clock;
        this.streamed = form.stream();
        this.stream = new MessageStream(names.message(), form);
        this.blocks = new AnswerBlocks(names.message(), form);
    }

    @Override
    public void admitted(final RateLimits.State left, final BiConsumer<String, String> header) {
        LimitHeaders.tell(left, clock.epochMillis(), header);
    }

    @Override
    public void retained(final List<Retention> retentions) {
        reach = InputUsage.Reach.of(retentions);
        stream.reaching(reach);
    }

    @Override
    public void on(final ChatEvent event, final AnswerEvents events) {
        if (streamed) {
            stream.on(event).forEach(events::event);
        } else {
            blocks.on(event);
        }
    }

    @Override
    public void finished(final ChatUsage usage, final AnswerEvents events) {
        if (streamed) {
            stream.end(usage).forEach(events::event);
        }
    }

    @Override
    public void failed(final SpillwayException failure, final AnswerEvents events) {
        events.event(MessageErrors.body(failure, names.exchange()));
    }

    @Override
    public ObjectNode whole(final ChatUsage usage) {
        return blocks.answer(InputUsage.of(usage.usage(), reach), usage);
    }

    @Override
    public void quiet(final AnswerEvents events) {
        if (streamed) {
            stream.quiet().forEach(events::event);
        }
    }
}
