package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.Arrays;
import java.util.Optional;

/** Collects one request's body under the limits. Owned by the connection's event loop. */
final class RequestAssembly {
    private static final byte[] NOTHING = new byte[0];

    private final HttpRequest head;
    private final int bodyBytesMax;
    private final BodyLease lease;
    private final long announcedBytes;
    private byte[] body = NOTHING;
    private int bodyBytes;
    private boolean continueWanted;
    private SpillwayException refusal;
    /** Not null: the body goes to a file. */
    private final SpoolTaking spool;

    /** @param fault why the head is refused, when it is */
    RequestAssembly(
        final HttpRequest head, final Optional<SpillwayException> fault, final int bodyBytesMax, final BodyBudget budget,
        final SpoolTaking.Spools spools) {
        this.head = head;
        this.bodyBytesMax = bodyBytesMax;
        this.lease = new BodyLease(budget);
        this.announcedBytes = fault.isPresent() ? 0 : HttpUtil.getContentLength(head, 0L);
        this.spool = fault.isPresent() ? null : spools.forHead(head).orElse(null);
        if (fault.isPresent()) {
            refuse(fault.get());
        } else if (spool != null) {
            continueWanted = HttpUtil.is100ContinueExpected(head);
            spool.begin(head, announcedBytes).ifPresent(this::refuse);
        } else if (announcedBytes > bodyBytesMax) {
            refuse(tooLarge());
        } else {
            continueWanted = HttpUtil.is100ContinueExpected(head);
            reserve(announcedBytes);
        }
    }

    /** @return a request of which no head came: there is only something to refuse */
    static RequestAssembly headless(final SpillwayException why, final BodyBudget budget, final SpoolTaking.Spools spools) {
        return new RequestAssembly(
            new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/"), Optional.of(why), 0, budget, spools);
    }

    private SpillwayException tooLarge() {
        return new SpillwayException(ErrorCode.REQUEST_TOO_LARGE, "The request body is over " + bodyBytesMax + " bytes");
    }

    void refuse(final SpillwayException why) {
        refusal = why;
        body = NOTHING;
        bodyBytes = 0;
        discard();
    }

    /** The request will not be handled: a body in a file goes. */
    void discard() {
        if (spool != null) {
            spool.discard();
        }
    }

    private void reserve(final long upToBytes) {
        final long moreBytes = upToBytes - lease.heldBytes();
        if (moreBytes > 0 && !lease.tryReserve(moreBytes)) {
            refuse(new SpillwayException(ErrorCode.OVERLOADED, "Too many request bodies are being read; try again"));
        }
    }

    /** Takes a piece of the body; the piece stays the caller's. */
    void append(final ByteBuf piece) {
        final int size = piece.readableBytes();
        if (refused() || size == 0) {
            return;
        }
        if (spool != null) {
            spool.append(piece).ifPresent(this::refuse);
            return;
        }
        if (size > bodyBytesMax - bodyBytes) {
            refuse(tooLarge());
            return;
        }
        reserve(bodyBytes + (long) size);
        if (refused()) {
            return;
        }
        if (bodyBytes + size > body.length) {
            body = Arrays.copyOf(body, capacityFor(bodyBytes + size));
        }
        piece.getBytes(piece.readerIndex(), body, bodyBytes, size);
        bodyBytes += size;
    }

    private int capacityFor(final int neededBytes) {
        return (int) Math.min(bodyBytesMax, Math.max(Math.max(announcedBytes, neededBytes), 2L * body.length));
    }

    boolean refused() {
        return refusal != null;
    }

    /** @return whether the client waits for {@code 100 Continue} and has not got it */
    boolean continueWanted() {
        return continueWanted && !refused();
    }

    /** @return {@link #continueWanted}; true once */
    boolean takeContinue() {
        final boolean wanted = continueWanted();
        continueWanted = false;
        return wanted;
    }

    /** @return what the body holds of the budget, to be released when the exchange is done */
    BodyLease lease() {
        return lease;
    }

    HttpCall complete() {
        final byte[] whole = bodyBytes == body.length ? body : Arrays.copyOf(body, bodyBytes);
        final HttpCall call = new HttpCall(head, new RequestBody(whole, head.headers(), bodyBytesMax, lease), refusal);
        return spool == null || refused() ? call : call.with(spool.complete());
    }
}
