package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.Arrays;

/** Collects one request's body under the limits. Owned by the connection's event loop. */
final class RequestAssembly {
    private final HttpRequest head;
    private final int bodyBytesMax;
    private final BodyBudget budget;
    private byte[] body = new byte[0];
    private int bodyBytes;
    private long reservedBytes;
    private boolean continueWanted;
    private SpillwayException refusal;
    /** Not null: the body goes to a file. */
    private final SpoolTaking spool;

    RequestAssembly(final HttpRequest head, final int bodyBytesMax, final BodyBudget budget, final SpoolTaking.Spools spools) {
        this.head = head;
        this.bodyBytesMax = bodyBytesMax;
        this.budget = budget;
        this.spool = spools.forHead(head).orElse(null);
        if (head.decoderResult().isFailure()) {
            refuse(malformed(head.decoderResult().cause()));
            return;
        }
        final long announced = HttpUtil.getContentLength(head, 0L);
        if (spool != null) {
            continueWanted = HttpUtil.is100ContinueExpected(head);
            spool.begin(head, announced).ifPresent(this::refuse);
        } else if (announced > bodyBytesMax) {
            refuse(tooLarge());
        } else {
            continueWanted = HttpUtil.is100ContinueExpected(head);
            reserve(announced);
        }
    }

    private static SpillwayException malformed(final Throwable cause) {
        final boolean tooLong = cause instanceof TooLongHttpHeaderException || cause instanceof TooLongHttpLineException;
        return new SpillwayException(tooLong ? ErrorCode.REQUEST_TOO_LARGE : ErrorCode.INVALID_VALUE,
            tooLong ? "The request line or the headers are too long" : "The request is not well-formed HTTP");
    }

    private SpillwayException tooLarge() {
        return new SpillwayException(ErrorCode.REQUEST_TOO_LARGE, "The request body is over " + bodyBytesMax + " bytes");
    }

    private void refuse(final SpillwayException why) {
        refusal = why;
        body = new byte[0];
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
        final long moreBytes = upToBytes - reservedBytes;
        if (moreBytes <= 0) {
            return;
        }
        if (!budget.tryReserve(moreBytes)) {
            refuse(new SpillwayException(ErrorCode.OVERLOADED, "Too many request bodies are being read; try again"));
            return;
        }
        reservedBytes = upToBytes;
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
        final long announced = HttpUtil.getContentLength(head, 0L);
        return (int) Math.min(bodyBytesMax, Math.max(Math.max(announced, neededBytes), 2L * body.length));
    }

    boolean refused() {
        return refusal != null;
    }

    /** @return whether the client waits for {@code 100 Continue}; true once */
    boolean takeContinue() {
        final boolean wanted = continueWanted && !refused();
        continueWanted = false;
        return wanted;
    }

    /** @return bytes reserved for the body, to be released when the exchange is done */
    long reservedBytes() {
        return reservedBytes;
    }

    HttpCall complete() {
        final HttpCall call = new HttpCall(head, bodyBytes == body.length ? body : Arrays.copyOf(body, bodyBytes), refusal);
        return spool == null || refused() ? call : call.with(spool.complete());
    }
}
