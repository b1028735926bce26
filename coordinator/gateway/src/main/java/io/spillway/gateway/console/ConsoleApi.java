package io.spillway.gateway.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.http.SseWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The routes of the console: the page with its files, the state as it is and as a stream, the charts' history, runs. Read-only. Any thread.
 */
public final class ConsoleApi {
    private static final int VIEWERS_MAX = 64;
    private static final String FILES = "/console/app/";
    private static final String RUNS = "/console/api/runs/";
    private static final ObjectMapper MAPPER =
        JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private final ConsoleBooks books;
    private final ConsoleRuns runs;
    private final Consumer<HttpCall> access;
    private final long intervalNanos;
    private final Semaphore viewers = new Semaphore(VIEWERS_MAX);
    private final ConsoleFiles files = new ConsoleFiles();

    /**
     * @param access        throws a {@link SpillwayException} for a call that may not go on seeing the state; whether it may begin to is the
     *                      router's to ask
     * @param intervalNanos time between two states of a stream
     */
    public ConsoleApi(final ConsoleBooks books, final ConsoleRuns runs, final Consumer<HttpCall> access, final long intervalNanos) {
        this.books = books;
        this.runs = runs;
        this.access = access;
        this.intervalNanos = intervalNanos;
    }

    /** @return {@code /}, {@code /console} and what the page asks for */
    public List<Route> routes() {
        return List.of(
            new Route("GET", "/", exchange -> exchange.respond(
                new HttpAnswer(302, Map.of("location", "/console"), new byte[0])), false),
            new Route("GET", "/console", files::page, false),
            new Route("GET", "/console/", files::page, false),
            new Route("GET", FILES + "*", this::file, false),
            new Route("GET", "/console/api/state", exchange -> answer(exchange, () -> state(books.now())), false),
            new Route("GET", "/console/api/history", exchange -> answer(exchange, this::history), false),
            new Route("GET", "/console/api/runs", exchange -> answer(exchange, () -> json(Map.of("runs", runs.recent()))), false),
            new Route("GET", RUNS + "*", exchange -> answer(exchange, () -> run(exchange.call())), false),
            new Route("GET", "/console/api/events", this::events, false));
    }

    private void file(final HttpExchange exchange) {
        if (!files.file(exchange, exchange.call().path().substring(FILES.length()))) {
            throw new SpillwayException(ErrorCode.UNKNOWN_PATH, "Unknown request URL: GET " + exchange.call().path());
        }
    }

    private void answer(final HttpExchange exchange, final Supplier<byte[]> body) {
        exchange.header("cache-control", "no-store");
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, body.get()));
    }

    private byte[] run(final HttpCall call) {
        return json(runs.timeline(call.path().substring(RUNS.length()), call.query("tenant")));
    }

    private byte[] history() {
        return json(Map.of("samples_max", History.SAMPLES_MAX, "samples", books.history().all()));
    }

    /** The snapshot, and besides it what the books hold that changes with it. */
    private byte[] state(final ConsoleSnapshot snapshot) {
        final ObjectNode state = MAPPER.valueToTree(snapshot);
        state.set("sample", MAPPER.valueToTree(books.history().latest().orElse(null)));
        state.set("errors", MAPPER.valueToTree(books.told()));
        state.set("changes", MAPPER.valueToTree(books.latestChanges()));
        return json(state);
    }

    private void events(final HttpExchange exchange) {
        if (!viewers.tryAcquire()) {
            throw new SpillwayException(ErrorCode.OVERLOADED, "Too many consoles are open");
        }
        try {
            stream(exchange);
        } finally {
            viewers.release();
        }
    }

    private void stream(final HttpExchange exchange) {
        final CountDownLatch gone = new CountDownLatch(1);
        exchange.onDisconnect(gone::countDown);
        final SseWriter events = exchange.events();
        try {
            boolean open = events.data(state(books.sampled()));
            while (open && !exchange.draining() && !gone.await(intervalNanos, TimeUnit.NANOSECONDS) && mayStillLook(exchange.call())) {
                open = events.data(state(books.sampled()));
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        events.end();
    }

    /** A stream lasts for ever, a key may not. */
    private boolean mayStillLook(final HttpCall call) {
        try {
            access.accept(call);
            return true;
        } catch (final SpillwayException e) {
            return false;
        }
    }

    private static byte[] json(final Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("what the console shows always has a text", e);
        }
    }
}
