package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpServerConfig.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final char[] PASSWORD = "changeit".toCharArray();
    @TempDir
    private static Path folder;
    private static Identity first;
    private static Identity second;
    private static TlsFiles files;
    private static TestCluster cluster;

    /** A certificate and its key, as PEM. */
    private record Identity(X509Certificate certificate, String pem, String key) {
        void put(final TlsFiles files) throws IOException {
            replace(files.certificate(), pem);
            replace(files.key(), key);
        }
    }

    private static void replace(final Path file, final String text) throws IOException {
        final Path fresh = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), text);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @BeforeAll
    static void start() throws Exception {
        first = make("first", "EC", "-groupname", "secp256r1");
        second = make("second", "RSA", "-keysize", "2048");
        files = new TlsFiles(folder.resolve("tls.crt"), folder.resolve("tls.key"), TimeUnit.MILLISECONDS.toNanos(20));
        first.put(files);
        cluster = new TestCluster(config -> config.over(files));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static Identity make(final String name, final String algorithm, final String... more) throws Exception {
        final Path store = folder.resolve(name + ".p12");
        final java.util.List<String> command = new java.util.ArrayList<>(java.util.List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", name, "-keyalg", algorithm,
            "-dname", "CN=localhost", "-ext", "san=dns:localhost,ip:127.0.0.1", "-validity", "365", "-storetype", "PKCS12",
            "-storepass", new String(PASSWORD), "-keystore", store.toString()));
        command.addAll(java.util.List.of(more));
        final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        final String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
        final KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        final X509Certificate certificate = (X509Certificate) keys.getCertificate(name);
        return new Identity(certificate, pem("CERTIFICATE", certificate.getEncoded()),
            pem("PRIVATE KEY", keys.getKey(name, PASSWORD).getEncoded()));
    }

    private static String pem(final String kind, final byte[] bytes) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
            + "\n-----END " + kind + "-----\n";
    }

    private static SSLContext trusting(final Identity... identities) throws Exception {
        final KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        for (final Identity identity : identities) {
            trusted.setCertificateEntry("c" + identity.hashCode(), identity.certificate());
        }
        final TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        final SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static HttpResponse<String> ask(final HttpClient.Version version, final String more) throws Exception {
        try (HttpClient client = HttpClient.newBuilder().version(version).sslContext(trusting(first, second)).build()) {
            return client.send(HttpRequest.newBuilder(URI.create("https://localhost:" + cluster.gateway.port() + CHAT))
                .header("authorization", "Bearer " + TestCluster.KEY).POST(HttpRequest.BodyPublishers.ofString(chat(more))).build(),
                HttpResponse.BodyHandlers.ofString());
        }
    }

    private static X509Certificate served(final String... protocols) throws Exception {
        try (SSLSocket socket = (SSLSocket) trusting(first, second).getSocketFactory().createSocket("127.0.0.1", cluster.gateway.port())) {
            if (protocols.length > 0) {
                socket.setEnabledProtocols(protocols);
            }
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private static void awaitServed(final Identity identity) throws Exception {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!served().equals(identity.certificate()) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(served()).isEqualTo(identity.certificate());
    }

    @Test
    void theClientChoosesTheProtocolInTheHandshake() throws Exception {
        final HttpResponse<String> two = ask(HttpClient.Version.HTTP_2, ",'stream':true");
        assertThat(two.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(two.body()).endsWith("data: [DONE]\n\n");
        final HttpResponse<String> one = ask(HttpClient.Version.HTTP_1_1, "");
        assertThat(one.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        assertThat(one.body()).contains("hello");
    }

    @Test
    void oldVersionsAreRefused() throws Exception {
        assertThat(served("TLSv1.2")).isNotNull();
        assertThat(served("TLSv1.3")).isNotNull();
        try (SSLSocket socket = (SSLSocket) trusting(first, second).getSocketFactory().createSocket("127.0.0.1", cluster.gateway.port())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.1"});
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLHandshakeException.class);
        }
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send(RawHttp.get("/health"));
            assertThat(raw.socket.getInputStream().readAllBytes()).as("at most an alert").hasSizeLessThan(20);
        }
    }

    @Test
    void aNewCertificateIsTakenAndABrokenOneIsNot() throws Exception {
        awaitServed(first);
        second.put(files);
        awaitServed(second);
        replace(files.certificate(), "nonsense");
        replace(files.certificate(), first.pem());
        for (int i = 0; i < 20; i++) {
            assertThat(served()).as("its key is still the other one's").isEqualTo(second.certificate());
        }
        replace(files.key(), first.key());
        awaitServed(first);
    }

    @Test
    void whatCannotBeUsedAtTheStartIsSaid() throws Exception {
        final Path key = Files.writeString(folder.resolve("old.key"), first.key().replace("PRIVATE KEY", "EC PRIVATE KEY"));
        refusesToStart(new TlsFiles(files.certificate(), key, 1), "http.tls.key", "ec private key; it must be PKCS#8");
        final Path other = Files.writeString(folder.resolve("other.key"), second.key());
        final Path certificate = Files.writeString(folder.resolve("one.crt"), first.pem());
        refusesToStart(new TlsFiles(certificate, other, 1), "http.tls.key", "not a private key of the certificate's kind, EC");
        refusesToStart(new TlsFiles(other, other, 1), "http.tls.certificate", "not a PEM certificate");
        refusesToStart(new TlsFiles(folder.resolve("none"), other, 1), "http.tls.certificate", "cannot read");
    }

    private static void refusesToStart(final TlsFiles wrong, final String field, final String message) {
        assertThatThrownBy(() -> new TestCluster(config -> config.over(wrong))).isInstanceOf(SpillwayException.class)
            .hasMessageContaining(message).satisfies(e -> assertThat(((SpillwayException) e).field()).hasValue(field));
    }
}
