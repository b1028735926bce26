package io.spillway.gateway.http;

import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A request's body, unpacked when it is first asked for: by then the caller is known, so that strangers cannot make us work.
 * Owned by the exchange's virtual thread.
 */
final class RequestBody {
    private static final int CODINGS_MAX = 2;
    private static final int PIECE_BYTES = 16 << 10;

    private final HttpHeaders headers;
    private final int bytesMax;
    private final BodyLease lease;
    private byte[] packed;
    private byte[] plain;

    RequestBody(final byte[] packed, final HttpHeaders headers, final int bytesMax, final BodyLease lease) {
        this.packed = packed;
        this.headers = headers;
        this.bytesMax = bytesMax;
        this.lease = lease;
    }

    /** @return a body that did not come over the network */
    static RequestBody of(final byte[] plain) {
        return new RequestBody(plain, EmptyHttpHeaders.INSTANCE, plain.length, new BodyLease(new BodyBudget(0)));
    }

    /**
     * @return the bytes as the client meant them
     * @throws SpillwayException {@code UNSUPPORTED_ENCODING} for a coding we do not know, {@code REQUEST_TOO_LARGE} when it unpacks
     *                           to more than a body may be, {@code OVERLOADED} when all bodies together are too large,
     *                           {@code INVALID_VALUE} when it is not what its header says
     */
    byte[] bytes() {
        if (plain == null) {
            plain = unpacked();
            packed = null;
        }
        return plain;
    }

    private byte[] unpacked() {
        final List<ContentCoding> codings = codings();
        if (codings.isEmpty() || packed.length == 0) {
            return packed;
        }
        byte[] bytes = packed;
        for (final ContentCoding coding : codings.reversed()) {
            bytes = unpack(coding, bytes);
        }
        return bytes;
    }

    private List<ContentCoding> codings() {
        final List<ContentCoding> codings = new ArrayList<>();
        for (final String line : headers.getAll(HttpHeaderNames.CONTENT_ENCODING)) {
            for (final String name : line.split(",")) {
                final String word = name.strip().toLowerCase(Locale.ROOT);
                if (!word.isEmpty() && !"identity".equals(word)) {
                    codings.add(ContentCoding.named(word).filter(ContentCoding::available).orElseThrow(() -> unsupported(word)));
                }
            }
        }
        if (codings.size() > CODINGS_MAX) {
            throw unsupported(codings.size() + " layers");
        }
        return codings;
    }

    private static SpillwayException unsupported(final String what) {
        return SpillwayException.ofField(ErrorCode.UNSUPPORTED_ENCODING, "content-encoding",
            "A body packed as " + what + " is not taken; send " + ContentCoding.allNames() + ", or the body as it is");
    }

    private byte[] unpack(final ContentCoding coding, final byte[] bytes) {
        try (InputStream in = coding.unpacked(new ByteArrayInputStream(bytes))) {
            final ByteArrayOutputStream out = new ByteArrayOutputStream(Math.min(bytesMax, Math.max(PIECE_BYTES, 4 * bytes.length)));
            final byte[] piece = new byte[PIECE_BYTES];
            for (int size = in.read(piece); size >= 0; size = in.read(piece)) {
                take(out, piece, size);
            }
            return out.toByteArray();
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE,
                "The request body is not whole " + coding.token() + ", as its Content-Encoding says", e);
        }
    }

    private void take(final ByteArrayOutputStream out, final byte[] piece, final int size) {
        if (size > bytesMax - out.size()) {
            throw new SpillwayException(ErrorCode.REQUEST_TOO_LARGE, "The unpacked request body is over " + bytesMax + " bytes");
        }
        if (!lease.tryReserve(size)) {
            throw new SpillwayException(ErrorCode.OVERLOADED, "Too many request bodies are being read; try again");
        }
        out.write(piece, 0, size);
    }
}
