package io.spillway.gateway.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a request's head must be beyond what the decoder asks: one reading only, whoever reads it. */
final class StrictHead {
    private static final Pattern HOST = Pattern.compile("[^\\s/@?#,\\\\]*");

    private StrictHead() {
    }

    /**
     * @param multiplexed whether it came over HTTP/2, whose codec has checked what belongs to the connection
     * @return why the head is refused
     */
    static Optional<SpillwayException> fault(final HttpRequest head, final int headersMax, final boolean multiplexed) {
        if (head.decoderResult().isFailure()) {
            return Optional.of(malformed(head.decoderResult().cause()));
        }
        if (head.headers().size() > headersMax) {
            return Optional.of(new SpillwayException(ErrorCode.REQUEST_TOO_LARGE,
                "The request has over " + headersMax + " header fields"));
        }
        return multiplexed ? Optional.empty() : framing(head);
    }

    static SpillwayException malformed(final Throwable cause) {
        final boolean tooLong = cause instanceof TooLongHttpHeaderException || cause instanceof TooLongHttpLineException;
        return tooLong ? new SpillwayException(ErrorCode.REQUEST_TOO_LARGE, "The request line or the headers are too long")
            : invalid("The request is not well-formed HTTP");
    }

    private static SpillwayException invalid(final String message) {
        return new SpillwayException(ErrorCode.INVALID_VALUE, message);
    }

    private static Optional<SpillwayException> framing(final HttpRequest head) {
        final boolean newer = head.protocolVersion().equals(HttpVersion.HTTP_1_1);
        if (!newer && !head.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
            return Optional.of(invalid("The protocol version is neither HTTP/1.1 nor HTTP/1.0"));
        }
        if (!target(head)) {
            return Optional.of(invalid("The request target is neither a path nor an http URL"));
        }
        final HttpHeaders headers = head.headers();
        final List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1 || newer && hosts.isEmpty() || !hosts.stream().allMatch(host -> HOST.matcher(host).matches())) {
            return Optional.of(invalid("The request must have exactly one valid Host header"));
        }
        final List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!codings.isEmpty() && !(codings.size() == 1 && "chunked".equalsIgnoreCase(codings.getFirst()))) {
            return Optional.of(invalid("The only Transfer-Encoding that is taken is one 'chunked'"));
        }
        return Optional.empty();
    }

    private static boolean target(final HttpRequest head) {
        final String uri = head.uri();
        return uri.startsWith("/") || "*".equals(uri) && "OPTIONS".equals(head.method().name())
            || uri.regionMatches(true, 0, "http://", 0, 7) || uri.regionMatches(true, 0, "https://", 0, 8);
    }
}
