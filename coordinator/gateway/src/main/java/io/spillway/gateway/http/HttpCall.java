package io.spillway.gateway.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One request as it came in, complete. Immutable; any thread, but the body is the handling thread's: nobody writes to it.
 */
public final class HttpCall {
    private static final Pattern TRACEPARENT = Pattern.compile("[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");
    private static final String NO_TRACE = "0".repeat(32);

    private final String method;
    private final String path;
    private final Map<String, List<String>> query;
    private final HttpHeaders headers;
    private final RequestBody body;
    private final boolean keepAlive;
    private final boolean chunkable;
    private final SpillwayException refusal;
    private SpooledBody spooled;
    private TenantId behalf;

    HttpCall(final io.netty.handler.codec.http.HttpRequest head, final RequestBody body, final SpillwayException refusal) {
        final QueryStringDecoder uri = decode(origin(head.uri()));
        this.method = head.method().name();
        this.path = uri.path();
        this.query = uri.parameters();
        this.headers = head.headers();
        this.body = body;
        this.keepAlive = HttpUtil.isKeepAlive(head) && refusal == null;
        this.chunkable = head.protocolVersion().compareTo(HttpVersion.HTTP_1_1) >= 0;
        this.refusal = refusal;
    }

    /** A proxy's client may name the whole URL; we are the only host there is. */
    private static String origin(final String uri) {
        final int authority = uri.startsWith("/") ? -1 : uri.indexOf("://");
        if (authority < 0) {
            return uri;
        }
        for (int i = authority + 3; i < uri.length(); i++) {
            final char c = uri.charAt(i);
            if (c == '/' || c == '?') {
                return c == '/' ? uri.substring(i) : "/" + uri.substring(i);
            }
        }
        return "/";
    }

    private static QueryStringDecoder decode(final String uri) {
        final QueryStringDecoder decoder = new QueryStringDecoder(uri);
        try {
            decoder.path();
            decoder.parameters();
            return decoder;
        } catch (final IllegalArgumentException e) {
            return new QueryStringDecoder("/%25malformed");
        }
    }

    /** @return the method in upper case, for instance {@code POST} */
    public String method() {
        return method;
    }

    /** @return the decoded path, without query */
    public String path() {
        return path;
    }

    /** @return the first value of a query parameter */
    public Optional<String> query(final String name) {
        return query.getOrDefault(name, List.of()).stream().findFirst();
    }

    /** @return the first value of a header; names in any case */
    public Optional<String> header(final String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /**
     * @return the whole body, unpacked when it came packed; empty when there was none
     * @throws SpillwayException when it cannot be unpacked: {@code UNSUPPORTED_ENCODING}, {@code INVALID_VALUE},
     *                           {@code REQUEST_TOO_LARGE} or {@code OVERLOADED}
     */
    public byte[] body() {
        return body.bytes();
    }

    /** @return the trace that the caller's {@code traceparent} names: 32 hexadecimal digits */
    public Optional<String> traceId() {
        return header("traceparent").map(TRACEPARENT::matcher).filter(Matcher::matches).map(matcher -> matcher.group(1))
            .filter(id -> !NO_TRACE.equals(id));
    }

    /** @return the body, when it went to a file: {@link #body} is empty then */
    public Optional<SpooledBody> spooled() {
        return Optional.ofNullable(spooled);
    }

    /** @return on whose behalf this process asks itself; empty for what came over the network, which must show a key */
    public Optional<TenantId> behalf() {
        return Optional.ofNullable(behalf);
    }

    /** Sets what only some requests have, before anybody else sees this one. */
    HttpCall with(final SpooledBody body) {
        spooled = body;
        return this;
    }

    /** Sets what only some requests have, before anybody else sees this one. */
    HttpCall of(final TenantId tenant) {
        behalf = tenant;
        return this;
    }

    /** The request has ended: its spooled body goes. Idempotent. */
    void discard() {
        if (spooled != null) {
            spooled.close();
        }
    }

    boolean keepAlive() {
        return keepAlive;
    }

    boolean chunkable() {
        return chunkable;
    }

    Optional<SpillwayException> refusal() {
        return Optional.ofNullable(refusal);
    }
}
