package io.spillway.gateway.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One request and its response. Owned by the virtual thread that handles it; only {@link #onDisconnect} actions run elsewhere
 * (on the event loop, so they must not block).
 */
public final class HttpExchange {
    private static final Runnable NOTHING = () -> { };
    private static final Runnable FIRED = () -> { };

    private final HttpCall call;
    private final String id;
    private final Connection connection;
    private final NanoClock clock;
    private final long startNanos;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private final AtomicReference<Runnable> disconnectAction = new AtomicReference<>(NOTHING);
    private boolean committed;
    private SseWriter writer;

    /** What an exchange needs of the connection it came on. */
    interface Connection {
        WriteGate gate();

        Host host();

        /** The response is written, or will never be; any thread. */
        void done(HttpExchange exchange, boolean close);
    }

    /** What an exchange needs of whatever holds all connections. Any thread. */
    interface Host {
        long stallNanos();

        /** An answer of that status begins. */
        void answered(int status);

        /** An answer that has begun ends with a failure. */
        void broken(HttpExchange exchange, SpillwayException why);

        /** A client took no byte for {@link #stallNanos()}. */
        void stalled();

        /** @return whether streams of events are packed for clients that take it */
        boolean packedStreams();

        /** @return whether the process is about to end: no further request may come */
        boolean draining();
    }

    HttpExchange(final HttpCall call, final String id, final Connection connection, final NanoClock clock) {
        this.call = call;
        this.id = id;
        this.connection = connection;
        this.clock = clock;
        this.startNanos = clock.nanoTime();
    }

    /** @return what was asked */
    public HttpCall call() {
        return call;
    }

    /** @return the request's id: the client's {@code X-Request-Id} or {@code X-Client-Request-Id} when it is fit, else a new one */
    public String id() {
        return id;
    }

    /** @return time since the request was complete */
    public long elapsedNanos() {
        return clock.nanoTime() - startNanos;
    }

    /** Adds a header to the response, whichever it will be. Control characters are dropped. */
    public void header(final String name, final String value) {
        headers.put(name, value.codePoints().filter(c -> c >= ' ' && c < 127)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString());
    }

    /** Runs {@code action} once when the client goes away before the response is complete; at once if it is gone already. */
    public void onDisconnect(final Runnable action) {
        if (disconnectAction.getAndUpdate(now -> now == FIRED ? FIRED : action) == FIRED) {
            action.run();
        }
    }

    /** @return whether the client has gone */
    public boolean disconnected() {
        return disconnectAction.get() == FIRED;
    }

    /** @return whether the server is shutting down: endless streams should end */
    public boolean draining() {
        return connection.host().draining();
    }

    /** @return whether a response has begun */
    public boolean committed() {
        return committed;
    }

    /** Writes the whole response. Call once, and not after {@link #events()}. */
    public void respond(final HttpAnswer answer) {
        commit();
        final HttpAnswer sent = AnswerPacking.packed(answer, call.header("accept-encoding"));
        final DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(sent.status()), head() ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(sent.body()));
        if (sent.status() != 204) {
            response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, sent.body().length);
        }
        final boolean close = decorate(response);
        sent.headers().forEach((name, value) -> response.headers().set(name, value));
        connection.gate().send(response, sent.body().length).addListener(written -> connection.done(this, close));
    }

    /** Says that the answer, which has begun, ends with that failure. What the client is told is the caller's to write. */
    public void broken(final SpillwayException why) {
        connection.host().broken(this, why);
    }

    private boolean head() {
        return "HEAD".equals(call.method());
    }

    /** Begins a stream of server-sent events (status 200). Call once, and not after {@link #respond}. */
    public SseWriter events() {
        commit();
        final DefaultHttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-cache");
        response.headers().set("x-accel-buffering", "no");
        final Optional<ContentCoding> coding = connection.host().packedStreams()
            ? call.header("accept-encoding").flatMap(AcceptedCodings::best) : Optional.empty();
        if (connection.host().packedStreams()) {
            response.headers().set(HttpHeaderNames.VARY, "accept-encoding");
        }
        coding.ifPresent(chosen -> response.headers().set(HttpHeaderNames.CONTENT_ENCODING, chosen.token()));
        if (call.chunkable()) {
            HttpUtil.setTransferEncodingChunked(response, true);
        }
        final boolean close = decorate(response) || !call.chunkable();
        connection.gate().channel().write(response);
        writer = new SseWriter(connection, coding.filter(chosen -> !head()).map(EventPacking::new), ending(close));
        if (head()) {
            writer.end();
        }
        return writer;
    }

    /**
     * Begins a response whose body is written piece by piece. Call once, and not after another response.
     *
     * @param head        status and headers; its own body is not used
     * @param lengthBytes exactly what will be written
     */
    public BodyWriter body(final HttpAnswer head, final long lengthBytes) {
        commit();
        final DefaultHttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(head.status()));
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, lengthBytes);
        final boolean close = decorate(response);
        head.headers().forEach((name, value) -> response.headers().set(name, value));
        connection.gate().channel().write(response);
        final BodyWriter body = new BodyWriter(connection, ending(close));
        if (head()) {
            body.end();
        }
        return body;
    }

    private SseWriter.Ending ending(final boolean close) {
        return new SseWriter.Ending() {
            @Override
            public void ended() {
                connection.done(HttpExchange.this, close);
            }

            @Override
            public void aborted() {
                connection.done(HttpExchange.this, true);
            }

            @Override
            public void stalled() {
                connection.host().stalled();
            }
        };
    }

    private void commit() {
        if (committed) {
            throw new IllegalStateException("a response was already begun");
        }
        committed = true;
    }

    private boolean decorate(final HttpResponse response) {
        final boolean close = connection.host().draining() || !call.keepAlive();
        response.headers().set("x-request-id", id);
        response.headers().set("openai-processing-ms", Long.toString(TimeUnit.NANOSECONDS.toMillis(elapsedNanos())));
        connection.host().answered(response.status().code());
        headers.forEach((name, value) -> response.headers().set(name, value));
        response.headers().set(HttpHeaderNames.CONNECTION, close ? "close" : "keep-alive");
        return close;
    }

    /** Event loop: the channel closed. */
    void disconnect() {
        disconnectAction.getAndSet(FIRED).run();
    }

    /** Handler failed after the response began: nothing honest can be added, so the connection ends. */
    void abort() {
        if (writer != null) {
            writer.abort();
            return;
        }
        connection.gate().channel().close().addListener((ChannelFutureListener) closed -> connection.done(this, true));
    }
}
