package io.spillway.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import java.util.concurrent.TimeUnit;

/**
 * What concerns an HTTP/2 connection and none of its streams: floods of frames that we must answer, idleness, shutting down. Owned by
 * the event loop; {@link #announceEnd} may be called from any thread.
 */
final class Http2Connection extends SimpleChannelInboundHandler<Http2Frame> {
    /** Pings and settings that a client may send in a window: many more than any needs. */
    private static final int CONTROL_FRAMES_MAX = 300;
    private static final long CONTROL_WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int CONNECTION_WINDOW_BYTES = 1 << 20;

    private final ServerLine line;
    private final Http2FrameCodec codec;
    private long windowStartNanos;
    private int controlFrames;

    Http2Connection(final ServerLine line, final Http2FrameCodec codec) {
        this.line = line;
        this.codec = codec;
    }

    @Override
    public void handlerAdded(final ChannelHandlerContext ctx) throws Http2Exception {
        windowStartNanos = line.clock().nanoTime();
        final var connection = codec.connection();
        // The codec would wait for the client to acknowledge the limit: one that never does would have none.
        connection.remote().maxActiveStreams(line.config().guards().streamsMax());
        connection.local().flowController().incrementWindowSize(connection.connectionStream(),
            CONNECTION_WINDOW_BYTES - connection.local().flowController().windowSize(connection.connectionStream()));
        if (line.draining()) {
            announceEnd(ctx.channel());
        }
    }

    @Override
    protected void channelRead0(final ChannelHandlerContext ctx, final Http2Frame frame) {
        if (frame instanceof Http2PingFrame || frame instanceof Http2SettingsFrame) {
            count(ctx);
        }
    }

    private void count(final ChannelHandlerContext ctx) {
        final long nowNanos = line.clock().nanoTime();
        if (nowNanos - windowStartNanos > CONTROL_WINDOW_NANOS) {
            windowStartNanos = nowNanos;
            controlFrames = 0;
        }
        controlFrames++;
        if (controlFrames == CONTROL_FRAMES_MAX + 1) {
            ctx.writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.ENHANCE_YOUR_CALM)).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Tells the client to go elsewhere; what is on its way to us is still taken, and answered by a refusal. */
    static void announceEnd(final Channel connection) {
        if (connection.pipeline().get(Http2Connection.class) != null) {
            final Http2GoAwayFrame last = new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR);
            last.setExtraStreamIds(Integer.MAX_VALUE);
            connection.writeAndFlush(last);
        }
    }

    @Override
    public void userEventTriggered(final ChannelHandlerContext ctx, final Object event) {
        if (!(event instanceof IdleStateEvent idle)) {
            ctx.fireUserEventTriggered(event); // Some hold buffers, which the pipeline's end lets go.
        } else if (idle.state() == IdleState.ALL_IDLE && codec.connection().numActiveStreams() == 0) {
            ctx.close();
        }
    }

    /** The codec itself answers what breaks the protocol, with the right code. */
    @Override
    public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
        line.failed(ctx.channel(), cause);
        if (!(cause instanceof Http2Exception)) {
            ctx.close();
        }
    }
}
