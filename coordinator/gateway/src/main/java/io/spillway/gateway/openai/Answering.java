package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
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
import io.spillway.gateway.limits.RateHeaders;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.runs.OpenStep;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Runs one request and writes its answer, whole or as a stream. Owned by the exchange's virtual thread. */
final class Answering implements ChatListener {
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    private final HttpExchange exchange;
    private final ChainHeaders chain;
    private final AnswerForm form;
    private final AnswerShape shape;
    private RunningCall call;
    private SseWriter events;
    private SpillwayException failure;
    private ChatUsage usage;

    Answering(final HttpExchange exchange, final AnswerForm form, final AnswerShape shape) {
        this.exchange = exchange;
        this.chain = new ChainHeaders(exchange);
        this.form = form;
        this.shape = shape;
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
            respond();
        }
    }

    private void respond() {
        final ObjectNode answer = shape.answer();
        answer.set("usage", AnswerJson.usage(usage, form));
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
        if (event instanceof ChatEvent.Started started && events == null) {
            chain.started(started.sources());
        }
        switch (event) {
            case ChatEvent.Failed failed -> fail(failed.failure());
            case ChatEvent.Finished finished -> finish(finished.usage());
            default -> {
                if (form.stream()) {
                    shape.chunks(event).forEach(this::send);
                } else {
                    shape.collect(event);
                }
            }
        }
    }

    @Override
    public void quiet() {
        if (events != null && !events.comment("keep-alive")) {
            call.cancel();
        }
    }

    private void finish(final ChatUsage total) {
        usage = total;
        if (!form.stream()) {
            return;
        }
        if (form.includeUsage()) {
            final ObjectNode last = shape.usageChunk();
            last.set("usage", AnswerJson.usage(total, form));
            write(Json.bytes(last));
        }
        write(DONE);
    }

    private void fail(final SpillwayException why) {
        failure = why;
        if (events != null) {
            exchange.broken(why);
            write(Json.bytes(ApiErrors.body(why)));
        }
    }

    private void send(final ObjectNode chunk) {
        if (form.includeUsage()) {
            chunk.putNull("usage");
        }
        write(Json.bytes(chunk));
    }

    private void write(final byte[] line) {
        if (events == null) {
            events = exchange.events();
        }
        if (!events.data(line)) {
            call.cancel();
        }
    }
}
