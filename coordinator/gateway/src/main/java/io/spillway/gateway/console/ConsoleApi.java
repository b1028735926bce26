package io.spillway.gateway.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.http.SseWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The routes of the console: the page, the state, and the state as a stream. Read-only. Any thread. */
public final class ConsoleApi {
    private static final int VIEWERS_MAX = 64;
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static final ObjectMapper MAPPER =
        JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private final ConsoleState state;
    private final Consumer<HttpCall> access;
    private final long intervalNanos;
    private final Semaphore viewers = new Semaphore(VIEWERS_MAX);
    private final byte[] page = load();

    /**
     * @param access        throws a {@link SpillwayException} for a call that may not see the state
     * @param intervalNanos time between two states of a stream
     */
    public ConsoleApi(final ConsoleState state, final Consumer<HttpCall> access, final long intervalNanos) {
        this.state = state;
        this.access = access;
        this.intervalNanos = intervalNanos;
    }

    /** @return {@code /}, {@code /console} and what the page asks for */
    public List<Route> routes() {
        return List.of(
            new Route("GET", "/", exchange -> exchange.respond(
                new HttpAnswer(302, Map.of("location", "/console"), new byte[0])), false),
            new Route("GET", "/console", this::page, false),
            new Route("GET", "/console/", this::page, false),
            new Route("GET", "/console/api/state", this::state, false),
            new Route("GET", "/console/api/events", this::events, false));
    }

    private static byte[] load() {
        try (InputStream file = ConsoleApi.class.getResourceAsStream("console.html")) {
            return file.readAllBytes();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void page(final HttpExchange exchange) {
        exchange.header("content-security-policy", POLICY);
        exchange.header("x-content-type-options", "nosniff");
        exchange.header("cache-control", "no-cache");
        exchange.respond(HttpAnswer.of(200, "text/html; charset=utf-8", page));
    }

    private void state(final HttpExchange exchange) {
        access.accept(exchange.call());
        exchange.header("cache-control", "no-store");
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, json()));
    }

    private void events(final HttpExchange exchange) {
        access.accept(exchange.call());
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
            boolean open = events.data(json());
            while (open && !exchange.draining() && !gone.await(intervalNanos, TimeUnit.NANOSECONDS)) {
                open = events.data(json());
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        events.end();
    }

    private byte[] json() {
        try {
            return MAPPER.writeValueAsBytes(state.snapshot());
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("a snapshot always has a text", e);
        }
    }
}
