package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.chat.RunningCall;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.SseWriter;
import io.spillway.gateway.identity.ChainHeaders;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.openai.Explanation;
import io.spillway.gateway.runs.OpenStep;
import java.util.List;

/** Runs one request and writes its message, whole or as a stream. Owned by the exchange's virtual thread. */
final class MessageAnswering implements ChatListener {
    private final HttpExchange exchange;
    private final EpochClock clock;
    private final ChainHeaders chain;
    private final boolean streamed;
    private final InputUsage.Reach reach;
    private final MessageStream stream;
    private final AnswerBlocks blocks;
    private RunningCall call;
    private SseWriter events;
    private SpillwayException failure;
    private ChatUsage usage;

    MessageAnswering(
        final HttpExchange exchange, final EpochClock clock, final String id, final MessagesBody.AnswerForm form, final InputUsage.Reach reach) {
        this.exchange = exchange;
        this.clock = clock;
        this.chain = new ChainHeaders(exchange);
        this.streamed = form.stream();
        this.reach = reach;
        this.stream = new MessageStream(id, form, reach);
        this.blocks = new AnswerBlocks(id, form);
    }

    /** @throws SpillwayException when the request failed before anything was written */
    void run(final GuardService service, final ChatRequest request) {
        call = service.call(request, this);
        exchange.onDisconnect(call::cancel);
        call.run();
        if (events != null) {
            events.end();
        } else if (failure != null) {
            throw failure;
        } else {
            chain.finished(usage);
            Explanation.headers(exchange, usage);
            final ObjectNode answer = blocks.answer(InputUsage.of(usage.usage(), reach), usage);
            exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
        }
    }

    @Override
    public void admitted(final RateLimits.State left) {
        LimitHeaders.tell(left, clock.epochMillis(), exchange::header);
    }

    @Override
    public void begun(final OpenStep step) {
        chain.begun(step);
    }

    @Override
    public void on(final ChatEvent event) {
        if (event instanceof ChatEvent.Started started && events == null) {
            chain.started(started.sources());
        }
        switch (event) {
            case ChatEvent.Failed failed -> fail(failed.failure());
            case ChatEvent.Finished finished -> {
                usage = finished.usage();
                if (streamed) {
                    send(stream.end(usage));
                }
            }
            default -> {
                if (streamed) {
                    send(stream.on(event));
                } else {
                    blocks.on(event);
                }
            }
        }
    }

    @Override
    public void quiet() {
        if (streamed) {
            send(stream.quiet());
        }
    }

    private void fail(final SpillwayException why) {
        failure = why;
        if (events != null) {
            exchange.broken(why);
            send(List.of(MessageErrors.body(why, exchange.id())));
        }
    }

    private void send(final List<ObjectNode> told) {
        for (final ObjectNode event : told) {
            if (events == null) {
                events = exchange.events();
            }
            if (!events.event(event.path("type").textValue(), Json.bytes(event))) {
                call.cancel();
                return;
            }
        }
    }
}
