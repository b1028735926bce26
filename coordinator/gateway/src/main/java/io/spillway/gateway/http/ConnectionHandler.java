package io.spillway.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: assembles requests and hands them on one at a time, in order, so that pipelined answers cannot mix. Owned by
 * the connection's event loop; {@link #done} is the only call from elsewhere.
 */
final class ConnectionHandler extends SimpleChannelInboundHandler<HttpObject> implements HttpExchange.Connection {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionHandler.class);
    /** Requests read ahead of the one in progress before reading stops. */
    private static final int PIPELINE_MAX = 8;
    /** How long a client that is still sending may take to read a refusal. */
    private static final long LINGER_MILLIS = 2_000;

    private final ServerLine line;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private Channel channel;
    private WriteGate gate;
    private RequestAssembly assembly;
    private HttpExchange current;
    private long currentBodyBytes;
    private boolean discarding;
    private boolean inputEnded;

    /** A complete request that waits for the ones before it. */
    private record Waiting(HttpCall call, long bodyBytes) {
    }

    ConnectionHandler(final ServerLine line) {
        this.line = line;
    }

    @Override
    public void handlerAdded(final ChannelHandlerContext ctx) {
        channel = ctx.channel();
        gate = new WriteGate(channel);
    }

    @Override
    protected void channelRead0(final ChannelHandlerContext ctx, final HttpObject message) {
        if (discarding) {
            inputEnded |= message instanceof LastHttpContent;
            return;
        }
        if (message instanceof HttpRequest head) {
            assembly = new RequestAssembly(head, line.config().bodyBytesMax(), line.bodies(), line.spools());
        }
        if (message instanceof HttpContent content && assembly != null) {
            assembly.append(content.content());
        }
        if (assembly != null && (assembly.refused() || message instanceof LastHttpContent)) {
            inputEnded = message instanceof LastHttpContent;
            discarding = assembly.refused();
            enqueue();
        } else {
            offerContinue();
        }
    }

    private void enqueue() {
        waiting.add(new Waiting(assembly.complete(), assembly.reservedBytes()));
        assembly = null;
        if (waiting.size() > PIPELINE_MAX) {
            channel.config().setAutoRead(false);
        }
        startNext();
    }

    private void startNext() {
        if (current != null) {
            return;
        }
        final Waiting next = waiting.poll();
        if (next == null) {
            offerContinue();
            return;
        }
        if (waiting.size() <= PIPELINE_MAX && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
        currentBodyBytes = next.bodyBytes();
        current = new HttpExchange(next.call(), line.requestId(next.call()), this, line.clock());
        line.dispatch(current);
    }

    /** An interim answer may go out only when no response is in progress. */
    private void offerContinue() {
        if (current == null && waiting.isEmpty() && assembly != null && assembly.takeContinue()) {
            channel.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
        }
    }

    @Override
    public void done(final HttpExchange exchange, final boolean close) {
        if (channel.eventLoop().inEventLoop()) {
            finish(exchange, close);
        } else {
            channel.eventLoop().execute(() -> finish(exchange, close));
        }
    }

    private void finish(final HttpExchange exchange, final boolean close) {
        if (exchange != current) {
            return;
        }
        current = null;
        line.bodies().release(currentBodyBytes);
        line.finished(exchange);
        if (!close) {
            startNext();
        } else if (discarding && !inputEnded) {
            channel.eventLoop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            channel.close();
        }
    }

    @Override
    public void channelInactive(final ChannelHandlerContext ctx) {
        gate.signal();
        if (assembly != null) {
            line.bodies().release(assembly.reservedBytes());
            assembly.discard();
            assembly = null;
        }
        waiting.forEach(dropped -> {
            line.bodies().release(dropped.bodyBytes());
            dropped.call().discard();
        });
        waiting.clear();
        if (current != null) {
            final HttpExchange gone = current;
            finish(gone, true);
            gone.disconnect();
        }
    }

    @Override
    public void channelWritabilityChanged(final ChannelHandlerContext ctx) {
        gate.signal();
    }

    @Override
    public void userEventTriggered(final ChannelHandlerContext ctx, final Object event) {
        if (event instanceof IdleStateEvent && current == null) {
            ctx.close();
        }
    }

    @Override
    public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
        if (!(cause instanceof IOException)) {
            LOG.warn("connection from {} failed", ctx.channel().remoteAddress(), cause);
        }
        ctx.close();
    }

    @Override
    public Channel channel() {
        return channel;
    }

    @Override
    public WriteGate gate() {
        return gate;
    }

    @Override
    public long stallNanos() {
        return line.config().stallNanos();
    }

    @Override
    public void answered(final int status) {
        line.answered(status);
    }

    @Override
    public void stalled() {
        line.stalled();
    }

    @Override
    public boolean closing() {
        return line.draining();
    }
}
