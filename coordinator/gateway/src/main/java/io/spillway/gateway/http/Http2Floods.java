package io.spillway.gateway.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;

/**
 * Counts the frames of a connection that cost a client nothing and ask for no answer: more of them than what we send can call for end the
 * connection. A window can be given back once for each frame that we sent, and each of those was a write of ours, or a piece of one; a client
 * that gives windows back byte by byte makes us cut our answers into as many frames. Owned by the connection's event loop.
 */
final class Http2Floods extends Http2FrameListenerDecorator {
    /** What any client may send, however little it was sent. */
    private static final long UPDATES_MIN = 1_000;
    /** For its connection and its stream, each with some to spare. */
    private static final long UPDATES_PER_WRITE = 4;
    /** A long write goes out in frames of 16 KiB; clients with small windows give back small pieces. */
    private static final long BYTES_PER_UPDATE = 256;
    private static final long PRIORITIES_PER_STREAM = 100;

    private long streams;
    private long writes;
    private long writtenBytes;
    private long updates;
    private long priorities;

    Http2Floods(final Http2FrameListener listener) {
        super(listener);
    }

    /** A part of a body goes out. */
    void written(final int bytes) {
        writes++;
        writtenBytes += bytes;
    }

    @Override
    public void onHeadersRead(
        final ChannelHandlerContext ctx, final int streamId, final Http2Headers headers, final int padding, final boolean endOfStream)
        throws Http2Exception {
        streams++;
        super.onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    @Override
    public void onHeadersRead(
        final ChannelHandlerContext ctx, final int streamId, final Http2Headers headers, final int streamDependency, final short weight,
        final boolean exclusive, final int padding, final boolean endOfStream) throws Http2Exception {
        streams++;
        super.onHeadersRead(ctx, streamId, headers, streamDependency, weight, exclusive, padding, endOfStream);
    }

    @Override
    public void onWindowUpdateRead(final ChannelHandlerContext ctx, final int streamId, final int windowSizeIncrement) throws Http2Exception {
        updates++;
        if (updates > UPDATES_MIN + UPDATES_PER_WRITE * (streams + writes) + writtenBytes / BYTES_PER_UPDATE) {
            throw flood("WINDOW_UPDATE");
        }
        super.onWindowUpdateRead(ctx, streamId, windowSizeIncrement);
    }

    @Override
    public void onPriorityRead(
        final ChannelHandlerContext ctx, final int streamId, final int streamDependency, final short weight, final boolean exclusive)
        throws Http2Exception {
        priorities++;
        if (priorities > PRIORITIES_PER_STREAM * (1 + streams)) {
            throw flood("PRIORITY");
        }
        super.onPriorityRead(ctx, streamId, streamDependency, weight, exclusive);
    }

    private static Http2Exception flood(final String frames) {
        return Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "too many %s frames", frames);
    }
}
