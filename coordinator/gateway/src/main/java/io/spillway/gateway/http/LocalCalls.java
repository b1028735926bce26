package io.spillway.gateway.http;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.NanoClock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Requests of this process to its own handlers, without a socket: the same routes, the same answers. Any thread. */
public final class LocalCalls {
    private static final Logger LOG = LoggerFactory.getLogger(LocalCalls.class);
    private static final HttpExchange.Host NOBODY = new Nobody();

    private final HttpHandler handler;
    private final ErrorRenderer errors;
    private final NanoClock clock;

    /** @param errors what failures look like */
    public LocalCalls(final HttpHandler handler, final ErrorRenderer errors, final NanoClock clock) {
        this.handler = handler;
        this.errors = errors;
        this.clock = clock;
    }

    /**
     * What is asked.
     *
     * @param id      the request's id
     * @param tenant  on whose behalf; no key is needed
     * @param headers in lower case
     * @param body    handed over
     */
    public record Order(
        String id, TenantId tenant, String method, String path, Map<String, String> headers, byte[] body) {
    }

    /** @return the call, to be run by a thread of the caller's */
    public LocalCall call(final Order order) {
        return new LocalCall(order);
    }

    /** One request. {@link #run} belongs to one thread; {@link #cancel} may come from any. */
    public final class LocalCall {
        private final HttpExchange exchange;
        private final LocalConnection connection = new LocalConnection();

        private LocalCall(final Order order) {
            final DefaultHttpRequest head =
                new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(order.method()), order.path());
            order.headers().forEach(head.headers()::set);
            this.exchange = new HttpExchange(
                new HttpCall(head, RequestBody.of(order.body()), null).of(order.tenant()), order.id(), connection, clock);
        }

        /** @return the whole answer, error answers included; empty when it was a stream, which nobody here can read */
        public Optional<HttpAnswer> run() {
            try {
                handler.handle(exchange);
            } catch (final SpillwayException e) {
                return Optional.of(errors.render(ErrorRenderer.Asked.of(exchange), e));
            } catch (final RuntimeException e) {
                LOG.error("local request {} on {} failed", exchange.id(), exchange.call().path(), Unworded.of(e));
                return Optional.of(errors.render(ErrorRenderer.Asked.of(exchange),
                    new SpillwayException(ErrorCode.INTERNAL, "unexpected failure", e)));
            }
            return connection.answer();
        }

        /** Ends the request as if its client had gone. Idempotent. */
        public void cancel() {
            exchange.disconnect();
        }
    }

    /** The channel is Netty's own for use without a transport; its one thread is the one that runs the call. */
    private static final class LocalConnection implements HttpExchange.Connection {
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final WriteGate gate = new WriteGate(channel, () -> 0);

        Optional<HttpAnswer> answer() {
            final Object first = channel.readOutbound();
            try {
                return first instanceof FullHttpResponse response ? Optional.of(answer(response)) : Optional.empty();
            } finally {
                ReferenceCountUtil.release(first);
                channel.finishAndReleaseAll();
            }
        }

        private static HttpAnswer answer(final FullHttpResponse response) {
            final Map<String, String> headers = new HashMap<>();
            response.headers().forEach(header -> headers.put(header.getKey().toLowerCase(java.util.Locale.ROOT), header.getValue()));
            final byte[] body = new byte[response.content().readableBytes()];
            response.content().getBytes(response.content().readerIndex(), body);
            return new HttpAnswer(response.status().code(), headers, body);
        }

        @Override
        public WriteGate gate() {
            return gate;
        }

        @Override
        public HttpExchange.Host host() {
            return NOBODY;
        }

        @Override
        public void done(final HttpExchange exchange, final boolean close) {
            // The answer is read when the handler returns.
        }
    }

    /** There is no server around these calls: its statistics count what came over HTTP. */
    private static final class Nobody implements HttpExchange.Host {
        @Override
        public long stallNanos() {
            return Long.MAX_VALUE;
        }

        @Override
        public void answered(final int status) {
            // Not counted.
        }

        @Override
        public void broken(final HttpExchange exchange, final SpillwayException why) {
            // As above.
        }

        @Override
        public void stalled() {
            // Nobody reads.
        }

        @Override
        public boolean packedStreams() {
            return false;
        }

        @Override
        public boolean draining() {
            return false;
        }
    }
}
