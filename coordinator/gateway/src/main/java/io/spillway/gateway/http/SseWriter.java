package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A stream of server-sent events. Owned by the exchange's virtual thread. Every write waits until the client has taken enough of
 * what was written before, so that at most 64 KiB and one event are buffered.
 */
public final class SseWriter {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);

    private final Channel channel;
    private final WriteGate gate;
    private final long stallNanos;
    private final Optional<EventPacking> packing;
    private final Ending ending;
    private boolean open = true;

    /** Told how the stream ended; any thread. */
    interface Ending {
        void ended();

        void aborted();

        /** The client is there and takes nothing; {@link #aborted} follows. */
        void stalled();
    }

    SseWriter(final HttpExchange.Connection connection, final Optional<EventPacking> packing, final Ending ending) {
        this.channel = connection.gate().channel();
        this.gate = connection.gate();
        this.stallNanos = connection.host().stallNanos();
        this.packing = packing;
        this.ending = ending;
    }

    /**
     * Sends one event without a name.
     *
     * @param text one line, UTF-8, without line breaks
     * @return false when the client is gone or stalled: nothing further can be sent
     */
    public boolean data(final byte[] text) {
        return write(DATA, text, END);
    }

    /** Sends one event with a name. */
    public boolean event(final String name, final byte[] text) {
        return write(("event: " + name + "\n").getBytes(StandardCharsets.UTF_8), DATA, text, END);
    }

    /** Sends a comment, which clients ignore: it shows that the stream lives. */
    public boolean comment(final String text) {
        return write((": " + text + "\n\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Ends the stream properly. Idempotent. */
    public void end() {
        if (open) {
            open = false;
            packing.ifPresent(packed -> channel.write(new DefaultHttpContent(Unpooled.wrappedBuffer(packed.end()))));
            gate.send(LastHttpContent.EMPTY_LAST_CONTENT, 0).addListener(written -> ending.ended());
        }
    }

    /** Ends the stream so that the client sees it was cut. Idempotent. */
    public void abort() {
        if (open) {
            open = false;
            packing.ifPresent(EventPacking::end);
            channel.close().addListener(closed -> ending.aborted());
        }
    }

    private boolean write(final byte[]... parts) {
        if (!open) {
            return false;
        }
        final ByteBuf bytes = packing.isPresent() ? Unpooled.wrappedBuffer(packing.get().packed(parts)) : Unpooled.wrappedBuffer(parts);
        gate.send(new DefaultHttpContent(bytes), bytes.readableBytes());
        if (gate.awaitWritable(stallNanos)) {
            return true;
        }
        if (channel.isActive() && gate.giveUp()) {
            ending.stalled();
        }
        abort();
        return false;
    }
}
