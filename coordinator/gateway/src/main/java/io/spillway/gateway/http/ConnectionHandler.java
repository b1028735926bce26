package io.spillway.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One HTTP/1.1 connection, or one HTTP/2 stream: assembles requests and hands them on one at a time, in order, so that pipelined
 * answers cannot mix. Owned by the connection's event loop; {@link #done} is the only call from elsewhere.
 */
final class ConnectionHandler extends SimpleChannelInboundHandler<HttpObject> implements HttpExchange.Connection {
    /** Requests read ahead of the one in progress before reading stops. */
    private static final int PIPELINE_MAX = 8;
    /** How long a client that is still sending may take to read a refusal. */
    private static final long LINGER_MILLIS = 2_000;

    private final ServerLine line;
    private final boolean multiplexed;
    private final RequestPace pace;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private Channel channel;
    private WriteGate gate;
    private RequestAssembly assembly;
    private HttpExchange current;
    private BodyLease currentBody;
    private boolean discarding;
    private boolean inputEnded;
    private boolean watched;

    /** A complete request that waits for the ones before it. */
    private record Waiting(HttpCall call, BodyLease body) {
    }

    /**
     * @param pace        shared with the decoder before it, if there is one
     * @param multiplexed whether the channel is an HTTP/2 stream
     */
    ConnectionHandler(final ServerLine line, final RequestPace pace, final boolean multiplexed) {
        this.line = line;
        this.pace = pace;
        this.multiplexed = multiplexed;
    }

    @Override
    public void handlerAdded(final ChannelHandlerContext ctx) {
        channel = ctx.channel();
        gate = new WriteGate(channel, line.clock());
    }

    @Override
    protected void channelRead0(final ChannelHandlerContext ctx, final HttpObject message) {
        if (discarding) {
            inputEnded |= message instanceof LastHttpContent;
            return;
        }
        if (message instanceof HttpRequest head) {
            final Optional<SpillwayException> fault = StrictHead.fault(head, line.config().guards().headersMax(), multiplexed);
            assembly = new RequestAssembly(head, fault, line.config().bodyBytesMax(), line.bodies(), line.spools());
            pace.body();
        }
        if (message instanceof HttpContent content && assembly != null) {
            take(content);
        }
        if (assembly != null && (assembly.refused() || message instanceof LastHttpContent)) {
            inputEnded = message instanceof LastHttpContent;
            discarding = assembly.refused();
            enqueue();
        } else {
            offerContinue();
        }
    }

    private void take(final HttpContent content) {
        if (content.decoderResult().isFailure()) {
            assembly.refuse(StrictHead.malformed(content.decoderResult().cause()));
            return;
        }
        pace.bytes(content.content().readableBytes());
        assembly.append(content.content());
    }

    private void enqueue() {
        waiting.add(new Waiting(assembly.complete(), assembly.lease()));
        assembly = null;
        pace.complete();
        if (waiting.size() > PIPELINE_MAX) {
            channel.config().setAutoRead(false);
        }
        startNext();
    }

    private void startNext() {
        if (current != null || !channel.isActive()) {
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
        currentBody = next.body();
        current = new HttpExchange(next.call(), line.requestId(next.call()), this, line.clock());
        line.dispatch(current);
    }

    /** An interim answer may go out only when no response is in progress. */
    private void offerContinue() {
        if (current == null && waiting.isEmpty() && assembly != null && assembly.takeContinue()) {
            channel.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
        }
    }

    /** Requests mostly come in one piece: only what is incomplete when a read ends needs watching. */
    @Override
    public void channelReadComplete(final ChannelHandlerContext ctx) {
        watch();
        ctx.fireChannelReadComplete();
    }

    private void watch() {
        if (!watched && !discarding && pace.pending()) {
            watched = true;
            channel.eventLoop().schedule(this::look, pace.periodNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void look() {
        watched = false;
        if (!channel.isActive() || discarding) {
            return;
        }
        final boolean ourDelay = !channel.config().isAutoRead() || assembly != null && assembly.continueWanted();
        if (ourDelay) {
            pace.restart();
        } else if (pace.late()) {
            refuseLate();
            return;
        }
        watch();
    }

    private void refuseLate() {
        final SpillwayException why = new SpillwayException(ErrorCode.REQUEST_TIMEOUT, "The request came in too slowly");
        if (assembly == null) {
            assembly = RequestAssembly.headless(why, line.bodies(), line.spools());
        } else {
            assembly.refuse(why);
        }
        discarding = true;
        inputEnded = false;
        line.late();
        enqueue();
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
        currentBody.release();
        line.finished(exchange);
        if (!close) {
            startNext();
        } else if (discarding && !inputEnded && channel.isActive()) {
            leave();
        } else {
            channel.close();
        }
    }

    /** The client is still sending: it must be able to read the refusal before it finds the line closed. */
    private void leave() {
        if (multiplexed) {
            cut(Http2Error.NO_ERROR);
            return;
        }
        if (channel instanceof SocketChannel socket && channel.pipeline().get(SslHandler.class) == null) {
            socket.shutdownOutput();
        }
        channel.eventLoop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** A stream whose last frame still waits for the client's window counts as ended when it is closed: it must be reset by name. */
    private void cut(final Http2Error why) {
        if (multiplexed) {
            channel.writeAndFlush(new DefaultHttp2ResetFrame(why)).addListener(written -> channel.close());
        } else {
            channel.close();
        }
    }

    @Override
    public void channelInactive(final ChannelHandlerContext ctx) {
        gate.signal();
        if (assembly != null) {
            assembly.lease().release();
            assembly.discard();
            assembly = null;
        }
        pace.complete();
        waiting.forEach(dropped -> {
            dropped.body().release();
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
    public void userEventTriggered(final ChannelHandlerContext ctx, final Object event) {
        if (!(event instanceof IdleStateEvent idle)) {
            ctx.fireUserEventTriggered(event);
        } else if (gate.stalled(line.config().stallNanos())) {
            if (gate.giveUp()) {
                line.stalled();
            }
            cut(Http2Error.CANCEL);
        } else if (idle.state() == IdleState.ALL_IDLE && current == null) {
            ctx.close();
        }
    }

    @Override
    public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
        line.failed(ctx.channel(), cause);
        if (multiplexed && cause instanceof Http2Exception broken) {
            cut(broken.error()); // Merely to close would tell the client that it was cancelled.
        } else {
            ctx.close();
        }
    }

    @Override
    public WriteGate gate() {
        return gate;
    }

    @Override
    public HttpExchange.Host host() {
        return line;
    }
}
