package io.spillway.gateway.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.time.NanoClock;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all connections of a server share: limits, the handler, and which exchanges are in progress. Any thread. */
final class ServerLine implements HttpExchange.Host {
    private static final Logger LOG = LoggerFactory.getLogger(ServerLine.class);
    private static final int LOGGED_CHARS_MAX = 200;
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long HANDLERS_END_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final Pattern FIT_ID = Pattern.compile("[\\x21-\\x7e]{1,200}");

    private final HttpServerConfig config;
    private final HttpHandler handler;
    private final ErrorRenderer errors;
    private final Supplier<String> ids;
    private final IntConsumer answered;
    private final NanoClock clock;
    private final BodyBudget bodies;
    private final SpoolTaking.Spools spools;
    private final Set<HttpExchange> running = ConcurrentHashMap.newKeySet();
    private final AtomicLong stalledClients = new AtomicLong();
    private final AtomicLong lateRequests = new AtomicLong();
    private final AtomicInteger handlers = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private volatile boolean draining;

    ServerLine(final HttpServerConfig config, final HttpServer.Parts parts) {
        this.config = config;
        this.handler = parts.handler();
        this.errors = parts.errors();
        this.ids = parts.ids();
        this.answered = parts.answered();
        this.clock = parts.clock();
        this.bodies = new BodyBudget(config.bodiesBytesMax());
        this.spools = new SpoolTaking.Spools(parts.spooling());
    }

    HttpServerConfig config() {
        return config;
    }

    BodyBudget bodies() {
        return bodies;
    }

    SpoolTaking.Spools spools() {
        return spools;
    }

    NanoClock clock() {
        return clock;
    }

    @Override
    public long stallNanos() {
        return config.stallNanos();
    }

    @Override
    public boolean packedStreams() {
        return config.packedStreams();
    }

    @Override
    public void answered(final int status) {
        answered.accept(status);
    }

    @Override
    public void stalled() {
        stalledClients.incrementAndGet();
    }

    long stalledClients() {
        return stalledClients.get();
    }

    /** A request came in too slowly. */
    void late() {
        lateRequests.incrementAndGet();
    }

    long lateRequests() {
        return lateRequests.get();
    }

    /** A connection broke. What the other side did is not our news. */
    void failed(final Channel channel, final Throwable cause) {
        if (cause instanceof IOException || cause instanceof DecoderException || cause instanceof Http2Exception
            || cause instanceof Http2FrameStreamException) {
            LOG.debug("connection from {} failed", channel.remoteAddress(), Unworded.of(cause));
        } else {
            LOG.warn("connection from {} failed", channel.remoteAddress(), Unworded.of(cause));
        }
    }

    @Override
    public boolean draining() {
        return draining;
    }

    @Override
    public void broken(final HttpExchange exchange, final SpillwayException why) {
        errors.broken(ErrorRenderer.Asked.of(exchange), why);
    }

    HttpAnswer refusal(final SpillwayException why) {
        return errors.render(ErrorRenderer.Asked.NOTHING, why);
    }

    String requestId(final HttpCall call) {
        return call.header("x-request-id").or(() -> call.header("x-client-request-id"))
            .filter(id -> FIT_ID.matcher(id).matches()).orElseGet(ids);
    }

    void dispatch(final HttpExchange exchange) {
        running.add(exchange);
        handlers.incrementAndGet();
        Thread.ofVirtual().name("http-" + exchange.id()).start(() -> answer(exchange));
    }

    private void answer(final HttpExchange exchange) {
        try {
            handle(exchange);
        } finally {
            exchange.call().discard();
            handlers.decrementAndGet();
            wake();
        }
    }

    private void handle(final HttpExchange exchange) {
        try {
            if (draining && !handler.whileDraining(exchange.call())) {
                throw new SpillwayException(ErrorCode.DRAINING, "This server is shutting down; try another one");
            }
            if (exchange.call().refusal().isPresent()) {
                throw exchange.call().refusal().get();
            }
            if (handlers.get() > config.connectionsMax()) {
                throw new SpillwayException(ErrorCode.OVERLOADED, "Too many requests are in progress; try again");
            }
            handler.handle(exchange);
            if (!exchange.committed()) {
                throw new IllegalStateException("handler of " + exchange.call().path() + " gave no answer");
            }
        } catch (final SpillwayException e) {
            refuse(exchange, e);
        } catch (final RuntimeException | Error e) {
            LOG.error("request {}{} on {} failed", exchange.id(), trace(exchange), loggable(exchange.call().path()), Unworded.of(e));
            refuse(exchange, new SpillwayException(ErrorCode.INTERNAL, "unexpected failure", e));
        }
    }

    private void refuse(final HttpExchange exchange, final SpillwayException why) {
        if (exchange.committed()) {
            LOG.error("request {}{} failed after its answer had begun", exchange.id(), trace(exchange), Unworded.of(why));
            broken(exchange, why);
            exchange.abort();
            return;
        }
        exchange.respond(errors.render(ErrorRenderer.Asked.of(exchange), why));
    }

    /** A path is the caller's text: it must neither begin a new line of the log nor fill it. */
    private static String loggable(final String path) {
        return path.substring(0, Math.min(path.length(), LOGGED_CHARS_MAX)).replaceAll("[^\\x20-\\x7e]", "?");
    }

    private static String trace(final HttpExchange exchange) {
        return exchange.call().traceId().map(id -> " of trace " + id).orElse("");
    }

    void finished(final HttpExchange exchange) {
        running.remove(exchange);
        wake();
    }

    private void wake() {
        lock.lock();
        try {
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From now on new requests are refused. */
    void beginDrain() {
        draining = true;
    }

    /** Waits until the running requests are answered, for the configured time at most. */
    void drain() {
        await(running::isEmpty, config.drainNanos());
    }

    /** Waits, once all connections are cut, until no handler uses them any more. */
    void awaitHandlers() {
        await(() -> handlers.get() == 0, HANDLERS_END_NANOS);
    }

    /** Short waits, because the last one may end between the check and the wait. */
    private void await(final BooleanSupplier condition, final long nanos) {
        long leftNanos = nanos;
        lock.lock();
        try {
            while (!condition.getAsBoolean() && leftNanos > 0) {
                final long stepNanos = Math.min(leftNanos, STEP_NANOS);
                leftNanos -= stepNanos - Math.max(0, idle.awaitNanos(stepNanos));
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
