package io.spillway.gateway.answer;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Retention;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.chat.RunningCall;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.identity.ChainHeaders;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.runs.OpenStep;
import java.util.List;

/**
 * Runs one request for a client that waits for its answer, ends it when that client leaves, and writes the answer as its API words it.
 * Owned by the exchange's virtual thread. Use once.
 */
public final class AnswerRun implements ChatListener {
    private final HttpExchange exchange;
    private final ChainHeaders chain;
    private final ClientAnswer answer;
    private final AnswerEvents events;
    private RunningCall call;
    private SpillwayException failure;
    private ChatUsage usage;

    /** @param answer of this exchange's request alone */
    public AnswerRun(final HttpExchange exchange, final ClientAnswer answer) {
        this.exchange = exchange;
        this.chain = new ChainHeaders(exchange);
        this.answer = answer;
        this.events = new AnswerEvents(exchange, () -> call.cancel());
    }

    /** @throws SpillwayException when the request failed before anything was written */
    public void run(final GuardService service, final ChatRequest request) {
        call = service.call(request, this);
        exchange.onDisconnect(call::cancel);
        call.run();
        if (events.begun()) {
            events.end();
        } else if (failure != null) {
            throw answer.refusal(failure);
        } else {
            respond();
        }
    }

    private void respond() {
        chain.finished(usage);
        Explanation.headers(exchange, usage);
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer.whole(usage))));
    }

    @Override
    public void admitted(final RateLimits.State left) {
        answer.admitted(left, exchange::header);
    }

    @Override
    public void begun(final OpenStep step) {
        chain.begun(step);
    }

    @Override
    public void retained(final List<Retention> retentions) {
        answer.retained(retentions);
    }

    @Override
    public void on(final ChatEvent event) {
        if (event instanceof ChatEvent.Started started && !events.begun()) {
            chain.started(started.sources());
        }
        switch (event) {
            case ChatEvent.Failed failed -> fail(failed.failure());
            case ChatEvent.Finished finished -> {
                usage = finished.usage();
                answer.finished(usage, events);
            }
            default -> answer.on(event, events);
        }
    }

    @Override
    public void quiet() {
        if (!events.sentSinceAsked()) {
            answer.quiet(events);
            events.sentSinceAsked();
        }
    }

    private void fail(final SpillwayException why) {
        failure = why;
        if (events.begun()) {
            exchange.broken(why);
            answer.failed(why, events);
        }
    }
}
