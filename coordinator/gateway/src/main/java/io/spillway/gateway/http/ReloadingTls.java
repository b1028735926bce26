package io.spillway.gateway.http;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's identity, read again when its files change: new connections get the new one, old ones stay. What cannot be used is
 * reported once, and the identity in use stays. One thread of its own looks; {@link #current} may be called from any.
 */
final class ReloadingTls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReloadingTls.class);

    private final HttpServerConfig.TlsFiles files;
    private final CountDownLatch closed = new CountDownLatch(1);
    private Content seen;
    private volatile SslContext current;

    /** What the files held. */
    private record Content(byte[] certificate, byte[] key) {
        boolean same(final Content other) {
            return Arrays.equals(certificate, other.certificate) && Arrays.equals(key, other.key);
        }
    }

    private ReloadingTls(final HttpServerConfig.TlsFiles files) {
        this.files = files;
        this.seen = read();
        this.current = context(seen);
    }

    /**
     * Reads the files, and from then on looks after them.
     *
     * @throws SpillwayException {@code INVALID_CONFIG} when they cannot be used
     */
    static ReloadingTls open(final HttpServerConfig.TlsFiles files) {
        final ReloadingTls tls = new ReloadingTls(files);
        Thread.ofVirtual().name("tls-files").start(tls::watch);
        return tls;
    }

    /** @return what new connections get */
    SslContext current() {
        return current;
    }

    private void watch() {
        try {
            while (!closed.await(files.checkNanos(), TimeUnit.NANOSECONDS)) {
                look();
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        try {
            final Content now = read();
            if (now.same(seen)) {
                return;
            }
            seen = now;
            current = context(now);
            LOG.info("certificate {} was read again: new connections get it", files.certificate());
        } catch (final SpillwayException e) {
            LOG.error("{}; the certificate that was read before stays in use", e.getMessage());
        }
    }

    private Content read() {
        return new Content(read("certificate", files.certificate()), read("key", files.key()));
    }

    private static byte[] read(final String field, final Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (final IOException e) {
            throw unusable(field, "cannot read " + file + ": " + e);
        }
    }

    private static SpillwayException unusable(final String field, final String message) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "http.tls." + field, message);
    }

    private SslContext context(final Content content) {
        final PemIdentity identity = PemIdentity.parse(content.certificate(), content.key(), files);
        try {
            return SslContextBuilder.forServer(identity.key(), identity.chain())
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3", "TLSv1.2")
                .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1))
                .build();
        } catch (final IOException | RuntimeException e) {
            throw unusable("certificate", "cannot serve with " + files.certificate() + " and " + files.key() + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
