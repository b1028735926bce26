package io.spillway.gateway.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;

/**
 * Resets a stream whose head is no request, before the codec behind makes one of it: that codec loses a buffer for each that it
 * cannot convert. Tells {@link Http2Floods} what is sent. One per stream; owned by the event loop.
 */
final class Http2StreamGuard extends ChannelDuplexHandler {
    private final Http2Floods floods;
    private boolean begun;
    private boolean refused;

    Http2StreamGuard(final Http2Floods floods) {
        this.floods = floods;
    }

    @Override
    public void write(final ChannelHandlerContext ctx, final Object message, final ChannelPromise promise) {
        if (message instanceof Http2DataFrame frame) {
            floods.written(frame.content().readableBytes());
        }
        ctx.write(message, promise);
    }

    @Override
    public void channelRead(final ChannelHandlerContext ctx, final Object message) {
        if (refused) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (message instanceof Http2HeadersFrame frame) {
            if (!(begun ? trailers(frame) : request(frame.headers()))) {
                refused = true;
                ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.PROTOCOL_ERROR)).addListener(written -> ctx.close());
                return;
            }
            begun = true;
        }
        ctx.fireChannelRead(message);
    }

    private static boolean request(final Http2Headers headers) {
        final CharSequence method = headers.method();
        final CharSequence path = headers.path();
        return headers.status() == null && method != null && path != null && path.length() > 0
            && method.chars().allMatch(Http2StreamGuard::letter) && method.length() > 0
            && path.chars().allMatch(c -> c > ' ' && c < 0x7f) && HttpUtil.isEncodingSafeStartLineToken(path);
    }

    /** Every method there is has letters and hyphens only. */
    private static boolean letter(final int c) {
        return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-';
    }

    private static boolean trailers(final Http2HeadersFrame frame) {
        return frame.isEndStream() && frame.headers().method() == null && frame.headers().status() == null;
    }
}
