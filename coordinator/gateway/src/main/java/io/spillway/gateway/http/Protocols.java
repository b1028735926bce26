package io.spillway.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.AsciiString;
import java.util.concurrent.TimeUnit;

/** Sets up what stands between a socket and a {@link ConnectionHandler}, for each protocol that we speak. Event loops. */
final class Protocols {
    private static final int HEADER_LIST_BYTES_MAX = 64 << 10;
    private static final int STREAM_WINDOW_BYTES = 256 << 10;
    /** A client that opens streams and resets them at once makes us work for nothing: more than this ends the connection. */
    private static final int RESETS_MAX = 200;
    private static final int RESETS_WINDOW_SECONDS = 30;
    private static final int CONTINUATIONS_MAX = 16;
    private static final int EMPTY_FRAMES_MAX = 8;
    private static final int QUEUED_CONTROL_FRAMES_MAX = 1000;

    private final ServerLine line;

    Protocols(final ServerLine line) {
        this.line = line;
    }

    /** A plain connection: HTTP/1.1, HTTP/2 by its preface, or HTTP/1.1 that asks for HTTP/2. */
    void plain(final ChannelPipeline pipeline) {
        pipeline.addLast(idle()).addLast(new ProtocolChoice(this, line.config().guards().headNanos()));
    }

    /** A connection over TLS: the client says in the handshake what it speaks. */
    void secure(final ChannelPipeline pipeline, final SslContext tls) {
        final SslHandler handler = tls.newHandler(pipeline.channel().alloc());
        handler.setHandshakeTimeout(line.config().guards().headNanos(), TimeUnit.NANOSECONDS);
        pipeline.addLast(handler).addLast(idle()).addLast(new ApplicationProtocolNegotiationHandler(ApplicationProtocolNames.HTTP_1_1) {
            @Override
            protected void configurePipeline(final ChannelHandlerContext ctx, final String protocol) {
                if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
                    addHttp2(ctx.pipeline());
                } else {
                    addHttp1(ctx.pipeline(), false);
                }
            }

            @Override
            protected void handshakeFailure(final ChannelHandlerContext ctx, final Throwable cause) {
                failed(ctx, cause);
            }

            @Override
            public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
                failed(ctx, cause);
            }
        });
    }

    private IdleStateHandler idle() {
        return new IdleStateHandler(0, line.config().stallNanos(), line.config().idleNanos(), TimeUnit.NANOSECONDS);
    }

    void failed(final ChannelHandlerContext ctx, final Throwable cause) {
        line.failed(ctx.channel(), cause);
        ctx.close();
    }

    void addHttp1(final ChannelPipeline pipeline, final boolean upgradable) {
        final RequestPace pace = new RequestPace(line.config().guards(), line.clock());
        final RequestDecoder decoder = new RequestDecoder(pace);
        final HttpResponseEncoder encoder = new HttpResponseEncoder();
        final ConnectionHandler handler = new ConnectionHandler(line, pace, false);
        pipeline.addLast(decoder, encoder);
        if (upgradable) {
            pipeline.addLast(upgrade(decoder, encoder, handler));
        }
        pipeline.addLast(handler);
    }

    /** Only the first request of a connection may ask, and only one without a body: then nothing else is on its way. */
    private HttpServerUpgradeHandler upgrade(
        final RequestDecoder decoder, final HttpResponseEncoder encoder, final ConnectionHandler handler) {
        final HttpServerUpgradeHandler.SourceCodec before = ctx -> {
            ctx.pipeline().remove(handler);
            ctx.pipeline().remove(encoder);
            ctx.pipeline().remove(decoder);
        };
        return new HttpServerUpgradeHandler(before, this::upgraded, 0,
            DefaultHttpHeadersFactory.headersFactory(),
            DefaultHttpHeadersFactory.trailersFactory(), true) {
            @Override
            protected boolean shouldHandleUpgradeRequest(final HttpRequest request) {
                return StrictHead.fault(request, line.config().guards().headersMax(), false).isEmpty()
                    && HttpUtil.getContentLength(request, 0L) == 0 && !HttpUtil.isTransferEncodingChunked(request)
                    && !HttpUtil.is100ContinueExpected(request)
                    && request.headers().containsValue(HttpHeaderNames.UPGRADE, Http2CodecUtil.HTTP_UPGRADE_PROTOCOL_NAME, true);
            }
        };
    }

    private HttpServerUpgradeHandler.UpgradeCodec upgraded(final CharSequence protocol) {
        if (!AsciiString.contentEquals(Http2CodecUtil.HTTP_UPGRADE_PROTOCOL_NAME, protocol)) {
            return null;
        }
        final Http2FrameCodec codec = codec();
        return new Http2ServerUpgradeCodec(codec, multiplexer(guard(codec)), new Http2Connection(line, codec));
    }

    void addHttp2(final ChannelPipeline pipeline) {
        final Http2FrameCodec codec = codec();
        pipeline.addLast(codec, multiplexer(guard(codec)), new Http2Connection(line, codec));
    }

    private static Http2Floods guard(final Http2FrameCodec codec) {
        final Http2Floods floods = new Http2Floods(codec.decoder().frameListener());
        codec.decoder().frameListener(floods);
        return floods;
    }

    private Http2FrameCodec codec() {
        return Http2FrameCodecBuilder.forServer()
            .initialSettings(Http2Settings.defaultSettings().initialWindowSize(STREAM_WINDOW_BYTES)
                .maxConcurrentStreams(line.config().guards().streamsMax()).maxHeaderListSize(HEADER_LIST_BYTES_MAX))
            .decoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESETS_WINDOW_SECONDS)
            .encoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESETS_WINDOW_SECONDS)
            .decoderEnforceMaxSmallContinuationFrames(CONTINUATIONS_MAX)
            .decoderEnforceMaxConsecutiveEmptyDataFrames(EMPTY_FRAMES_MAX)
            .encoderEnforceMaxQueuedControlFrames(QUEUED_CONTROL_FRAMES_MAX)
            .gracefulShutdownTimeoutMillis(0)
            .validateHeaders(true)
            .build();
    }

    private Http2MultiplexHandler multiplexer(final Http2Floods floods) {
        return new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(final Channel stream) {
                stream.pipeline().addLast(new IdleStateHandler(0, line.config().stallNanos(), 0, TimeUnit.NANOSECONDS),
                    new Http2StreamGuard(floods), new Http2StreamFrameToHttpObjectCodec(true),
                    new ConnectionHandler(line, new RequestPace(line.config().guards(), line.clock()), true));
            }
        });
    }
}
