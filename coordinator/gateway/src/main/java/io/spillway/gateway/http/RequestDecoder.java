package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/**
 * Netty's HTTP/1.1 decoder, made stricter where two readers of the same bytes may see different requests: folded header lines
 * and control characters in the request line are refused, not repaired. After a refusal nothing more is decoded. Owned by the event loop.
 */
final class RequestDecoder extends HttpRequestDecoder {
    private static final int LINE_BYTES_MAX = 16 << 10;
    private static final int HEADERS_BYTES_MAX = 64 << 10;
    private static final int CHUNK_BYTES_MAX = 64 << 10;

    private final RequestPace pace;
    private boolean inHead = true;
    private boolean pastFirstLine;
    private boolean broken;

    RequestDecoder(final RequestPace pace) {
        super(new HttpDecoderConfig().setMaxInitialLineLength(LINE_BYTES_MAX).setMaxHeaderSize(HEADERS_BYTES_MAX)
            .setMaxChunkSize(CHUNK_BYTES_MAX).setStrictLineParsing(true).setUseRfc9112TransferEncoding(true));
        this.pace = pace;
    }

    @Override
    protected void decode(final ChannelHandlerContext ctx, final ByteBuf in, final List<Object> out) throws Exception {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (inHead) {
            pace.head();
            if (!wellFormed(in)) {
                refuse(in, out);
                return;
            }
        }
        final int before = out.size();
        super.decode(ctx, in, out);
        for (int i = before; i < out.size(); i++) {
            follow(out.get(i));
        }
    }

    private void follow(final Object message) {
        if (message instanceof HttpRequest) {
            inHead = false;
        }
        if (message instanceof LastHttpContent) {
            inHead = true;
            pastFirstLine = false;
        }
    }

    private void refuse(final ByteBuf in, final List<Object> out) {
        broken = true;
        in.skipBytes(in.readableBytes());
        final HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        request.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("folded header or control character")));
        out.add(request);
    }

    /** Looks at the lines that are there, up to the end of the head. The decoder takes whole lines only: what is left starts a line. */
    private boolean wellFormed(final ByteBuf in) {
        int start = in.readerIndex();
        if (pastFirstLine && in.isReadable() && blank(in.getByte(start))) {
            return false;
        }
        while (true) {
            final int end = in.indexOf(start, in.writerIndex(), (byte) '\n');
            if (end < 0) {
                return true;
            }
            final boolean empty = end == start || end == start + 1 && in.getByte(start) == '\r';
            if (empty && pastFirstLine) {
                return true;
            }
            if (!empty && !pastFirstLine) {
                pastFirstLine = true;
                if (!printable(in, start, end)) {
                    return false;
                }
            }
            start = end + 1;
            if (pastFirstLine && start < in.writerIndex() && blank(in.getByte(start))) {
                return false;
            }
        }
    }

    private static boolean blank(final byte b) {
        return b == ' ' || b == '\t';
    }

    /** A carriage return is allowed as the last character. */
    private static boolean printable(final ByteBuf in, final int start, final int end) {
        final int last = in.getByte(end - 1) == '\r' ? end - 1 : end;
        for (int i = start; i < last; i++) {
            final byte b = in.getByte(i);
            if (b >= 0 && b < ' ' || b == 0x7f) {
                return false;
            }
        }
        return true;
    }
}
