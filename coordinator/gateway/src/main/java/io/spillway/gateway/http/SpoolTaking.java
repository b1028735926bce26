package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes one body into a file, under the limits. Owned by the connection's event loop until the body is complete. */
final class SpoolTaking {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolTaking.class);

    private final BodySpooling spooling;
    private final BodyBudget budget;
    private SpooledBody body;
    private long reservedBytes;

    /** What the connections of a server share. Any thread. */
    static final class Spools {
        private final BodySpooling spooling;
        private final BodyBudget budget;

        Spools(final BodySpooling spooling) {
            this.spooling = spooling;
            this.budget = new BodyBudget(spooling.bodiesBytesMax());
        }

        Optional<SpoolTaking> forHead(final HttpRequest head) {
            final int query = head.uri().indexOf('?');
            return spooling.takes(head.method().name(), query < 0 ? head.uri() : head.uri().substring(0, query))
                ? Optional.of(new SpoolTaking(spooling, budget)) : Optional.empty();
        }
    }

    private SpoolTaking(final BodySpooling spooling, final BodyBudget budget) {
        this.spooling = spooling;
        this.budget = budget;
    }

    /** @return why the body is refused before it is read */
    Optional<SpillwayException> begin(final HttpRequest head, final long announcedBytes) {
        try {
            spooling.admit(new HttpCall(head, RequestBody.of(new byte[0]), null));
        } catch (final SpillwayException e) {
            return Optional.of(e);
        }
        if (!"identity".equalsIgnoreCase(head.headers().get(HttpHeaderNames.CONTENT_ENCODING, "identity"))) {
            return Optional.of(SpillwayException.ofField(ErrorCode.UNSUPPORTED_ENCODING, "content-encoding",
                "An upload is taken as it is, not packed"));
        }
        return announcedBytes > spooling.bodyBytesMax() ? Optional.of(tooLarge()) : Optional.empty();
    }

    /** Takes a piece, which stays the caller's. @return why the body is refused from here on */
    Optional<SpillwayException> append(final ByteBuf piece) {
        final int size = piece.readableBytes();
        if (reservedBytes + size > spooling.bodyBytesMax()) {
            return Optional.of(tooLarge());
        }
        if (!budget.tryReserve(size)) {
            return Optional.of(new SpillwayException(ErrorCode.OVERLOADED, "Too many uploads are being read; try again"));
        }
        reservedBytes += size;
        try {
            opened().append(piece);
            return Optional.empty();
        } catch (final IOException e) {
            LOG.error("an upload could not be written to {}", spooling.directory(), e);
            return Optional.of(new SpillwayException(ErrorCode.OVERLOADED, "The upload could not be stored; try again"));
        }
    }

    private SpooledBody opened() throws IOException {
        if (body == null) {
            body = new SpooledBody(spooling.directory(), this::release);
        }
        return body;
    }

    /** @return the body; null when it was empty. The caller closes it */
    SpooledBody complete() {
        return body;
    }

    void discard() {
        if (body == null) {
            release();
        } else {
            body.close();
        }
    }

    private void release() {
        budget.release(reservedBytes);
        reservedBytes = 0;
    }

    private SpillwayException tooLarge() {
        return new SpillwayException(ErrorCode.REQUEST_TOO_LARGE,
            "The request body is over " + spooling.bodyBytesMax() + " bytes");
    }
}
