package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.answer.AnswerEvents;
import io.spillway.gateway.answer.ClientAnswer;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.limits.RateLimits;
import java.util.function.BiConsumer;

/** A message, whole or as a stream. Owned by the exchange's virtual thread. */
final class MessageAnswer implements ClientAnswer {
    private final Asked asked;
    private final EpochClock clock;
    private final boolean streamed;
    private final MessageStream stream;
    private final AnswerBlocks blocks;

    /**
     * What the answer belongs to.
     *
     * @param exchange id that errors name
     * @param message  id of the answer
     */
    record Asked(String exchange, String message, InputUsage.Reach reach) {
    }

    MessageAnswer(final Asked asked, final EpochClock clock, final MessagesBody.AnswerForm form) {
        this.asked = asked;
        this.clock = clock;
        this.streamed = form.stream();
        this.stream = new MessageStream(asked.message(), form, asked.reach());
        this.blocks = new AnswerBlocks(asked.message(), form);
    }

    @Override
    public void admitted(final RateLimits.State left, final BiConsumer<String, String> header) {
        LimitHeaders.tell(left, clock.epochMillis(), header);
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
        events.event(MessageErrors.body(failure, asked.exchange()));
    }

    @Override
    public ObjectNode whole(final ChatUsage usage) {
        return blocks.answer(InputUsage.of(usage.usage(), asked.reach()), usage);
    }

    @Override
    public void quiet(final AnswerEvents events) {
        if (streamed) {
            stream.quiet().forEach(events::event);
        }
    }
}
