package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;

/**
 * A stream of server-sent events. Owned by the exchange's virtual thread. Every write waits until the client has taken enough of
 * what was written before, so that at most the channel's high-water mark is buffered.
 */
public final class SseWriter {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);

    private final Channel channel;
    private final WriteGate gate;
    private final long stallNanos;
    private final Runnable onEnd;
    private final Runnable onAbort;
    private boolean open = true;

    SseWriter(final Channel channel, final WriteGate gate, final long stallNanos, final Runnable onEnd, final Runnable onAbort) {
        this.channel = channel;
        this.gate = gate;
        this.stallNanos = stallNanos;
        this.onEnd = onEnd;
        this.onAbort = onAbort;
    }

    /**
     * Sends one event without a name.
     *
     * @param text one line, UTF-8, without line breaks
     * @return false when the client is gone or stalled: nothing further can be sent
     */
    public boolean data(final byte[] text) {
        return write(Unpooled.wrappedBuffer(DATA, text, END));
    }

    /** Sends one event with a name. */
    public boolean event(final String name, final byte[] text) {
        return write(Unpooled.wrappedBuffer(("event: " + name + "\n").getBytes(StandardCharsets.UTF_8), DATA, text, END));
    }

    /** Sends a comment, which clients ignore: it shows that the stream lives. */
    public boolean comment(final String text) {
        return write(Unpooled.copiedBuffer(": " + text + "\n\n", StandardCharsets.UTF_8));
    }

    /** Ends the stream properly. Idempotent. */
    public void end() {
        if (open) {
            open = false;
            channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(written -> onEnd.run());
        }
    }

    /** Ends the stream so that the client sees it was cut. Idempotent. */
    public void abort() {
        if (open) {
            open = false;
            channel.close().addListener(closed -> onAbort.run());
        }
    }

    private boolean write(final ByteBuf bytes) {
        if (!open) {
            bytes.release();
            return false;
        }
        channel.writeAndFlush(new DefaultHttpContent(bytes));
        if (gate.awaitWritable(stallNanos)) {
            return true;
        }
        abort();
        return false;
    }
}
