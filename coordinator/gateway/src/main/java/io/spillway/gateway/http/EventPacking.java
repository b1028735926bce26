package io.spillway.gateway.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** Packs a stream so that each event can be read when it comes. Owned by the exchange's virtual thread. */
final class EventPacking {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final OutputStream out;
    private boolean open = true;

    EventPacking(final ContentCoding coding) {
        try {
            out = coding.packed(bytes);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @return what to send now for {@code parts}, which follow each other */
    byte[] packed(final byte[]... parts) {
        try {
            for (final byte[] part : parts) {
                out.write(part);
            }
            out.flush();
        } catch (final IOException e) {
            throw new UncheckedIOException("memory takes all that is written", e);
        }
        return taken();
    }

    /** @return the end of the stream; once, and nothing can be packed after it */
    byte[] end() {
        if (open) {
            open = false;
            try {
                out.close();
            } catch (final IOException e) {
                throw new UncheckedIOException("memory takes all that is written", e);
            }
        }
        return taken();
    }

    private byte[] taken() {
        final byte[] now = bytes.toByteArray();
        bytes.reset();
        return now;
    }
}
