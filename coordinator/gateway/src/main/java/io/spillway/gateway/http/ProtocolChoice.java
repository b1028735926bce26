package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Looks at the first bytes of a plain connection: HTTP/2's preface, or else HTTP/1.1. A client that sends too little to tell, for
 * too long, is left. Owned by the event loop.
 */
final class ProtocolChoice extends ByteToMessageDecoder {
    private final Protocols protocols;
    private final long headNanos;
    private Future<?> patience;

    ProtocolChoice(final Protocols protocols, final long headNanos) {
        this.protocols = protocols;
        this.headNanos = headNanos;
    }

    @Override
    public void handlerAdded(final ChannelHandlerContext ctx) {
        patience = ctx.executor().schedule(() -> ctx.close(), headNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    protected void handlerRemoved0(final ChannelHandlerContext ctx) {
        patience.cancel(false);
    }

    @Override
    protected void decode(final ChannelHandlerContext ctx, final ByteBuf in, final List<Object> out) {
        final ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();
        try {
            final int size = Math.min(in.readableBytes(), preface.readableBytes());
            if (!ByteBufUtil.equals(preface, preface.readerIndex(), in, in.readerIndex(), size)) {
                protocols.addHttp1(ctx.pipeline(), true);
                ctx.pipeline().remove(this);
            } else if (size == preface.readableBytes()) {
                protocols.addHttp2(ctx.pipeline());
                ctx.pipeline().remove(this);
            }
        } finally {
            preface.release();
        }
    }

    @Override
    public void exceptionCaught(final ChannelHandlerContext ctx, final Throwable cause) {
        protocols.failed(ctx, cause);
    }
}
