package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.chat.RunningCall;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.SseWriter;
import io.spillway.gateway.identity.ChainHeaders;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.limits.RateHeaders;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.openai.Explanation;
import io.spillway.gateway.runs.OpenStep;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Runs one response for a client that waits for it, and ends it when that client leaves. Owned by the exchange's virtual thread. */
final class ForegroundRun implements ChatListener {
    private final HttpExchange exchange;
    private final ChainHeaders chain;
    private final ResponseRequest request;
    private final UnaryOperator<ObjectNode> keep;
    private final ResponseTeller teller;
    private RunningCall call;
    private SseWriter events;
    private boolean begun;
    private SpillwayException failure;
    private ObjectNode answer;
    private ChatUsage usage;

    /** @param keep stores a response that has ended, where it is to be stored, and returns it */
    ForegroundRun(
        final HttpExchange exchange, final ResponseRequest request, final UnaryOperator<ObjectNode> keep, final EpochClock clock) {
        this.exchange = exchange;
        this.chain = new ChainHeaders(exchange);
        this.request = request;
        this.keep = keep;
        this.teller = new ResponseTeller(request, this::send, clock);
    }

    /** @throws SpillwayException when the request failed before anything was written */
    void run(final GuardService service) {
        call = service.call(request.chat(), this);
        exchange.onDisconnect(call::cancel);
        call.run();
        if (events != null) {
            events.end();
        } else if (failure != null) {
            throw Failures.told(failure);
        } else {
            respond();
        }
    }

    private void respond() {
        chain.finished(usage);
        Explanation.headers(exchange, usage);
        exchange.respond(new HttpAnswer(200, Map.of("content-type", HttpAnswer.JSON), Json.bytes(answer)));
    }

    @Override
    public void admitted(final RateLimits.State left) {
        RateHeaders.tell(left, exchange::header);
    }

    @Override
    public void begun(final OpenStep step) {
        chain.begun(step);
    }

    @Override
    public void on(final ChatEvent event) {
        switch (event) {
            case ChatEvent.Started started -> chain.started(started.sources()); // it may still fail before there is anything to show
            case ChatEvent.Failed failed -> fail(failed.failure());
            case ChatEvent.Finished finished -> finish(finished.usage());
            default -> {
                begin();
                teller.on(event);
            }
        }
    }

    private void begin() {
        if (!begun) {
            begun = true;
            teller.begin();
        }
    }

    private void finish(final ChatUsage total) {
        usage = total;
        answer = keep.apply(teller.end(total));
        teller.last(answer);
    }

    private void fail(final SpillwayException why) {
        failure = why;
        if (events != null) {
            exchange.broken(why);
            teller.last(keep.apply(why.code() == ErrorCode.CANCELLED ? teller.cancel() : teller.fail(why)));
        }
    }

    @Override
    public void quiet() {
        if (events != null && !events.comment("keep-alive")) {
            call.cancel();
        }
    }

    private void send(final ObjectNode event) {
        if (!request.form().stream()) {
            return;
        }
        if (events == null) {
            events = exchange.events();
        }
        if (!events.event(event.path("type").asText(), Json.bytes(event))) {
            call.cancel();
        }
    }
}
