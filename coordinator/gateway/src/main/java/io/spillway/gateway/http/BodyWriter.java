package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;

/**
 * A response body of known length, written piece by piece. Owned by the exchange's virtual thread. Every write waits until the
 * client has taken enough of what was written before, so that at most 64 KiB and one piece are buffered.
 */
public final class BodyWriter {
    private final Channel channel;
    private final WriteGate gate;
    private final long stallNanos;
    private final SseWriter.Ending ending;
    private boolean open = true;

    BodyWriter(final HttpExchange.Connection connection, final SseWriter.Ending ending) {
        this.channel = connection.gate().channel();
        this.gate = connection.gate();
        this.stallNanos = connection.host().stallNanos();
        this.ending = ending;
    }

    /**
     * Sends a piece.
     *
     * @param piece handed over
     * @return false when the client is gone or stalled: nothing further can be sent
     */
    public boolean write(final byte[] piece) {
        if (!open) {
            return false;
        }
        final ByteBuf bytes = Unpooled.wrappedBuffer(piece);
        gate.send(new DefaultHttpContent(bytes), piece.length);
        if (gate.awaitWritable(stallNanos)) {
            return true;
        }
        if (channel.isActive() && gate.giveUp()) {
            ending.stalled();
        }
        abort();
        return false;
    }

    /** Ends the body, when all of it was written. Idempotent. */
    public void end() {
        if (open) {
            open = false;
            gate.send(LastHttpContent.EMPTY_LAST_CONTENT, 0).addListener(written -> ending.ended());
        }
    }

    /** Ends the body so that the client sees it was cut. Idempotent. */
    public void abort() {
        if (open) {
            open = false;
            channel.close().addListener(closed -> ending.aborted());
        }
    }
}
