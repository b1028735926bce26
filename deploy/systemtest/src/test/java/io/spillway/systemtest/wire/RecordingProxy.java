package io.spillway.systemtest.wire;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;

/**
 * Stands between clients and a cluster, hands everything on as it comes and keeps a record. A client's base URL begins with its
 * name, so that each exchange says whose it is. One virtual thread per exchange.
 */
public final class RecordingProxy implements AutoCloseable {
    private static final Set<String> HOP = Set.of("connection", "content-length", "transfer-encoding", "host", "upgrade", "expect",
        "http2-settings", "keep-alive", "accept-encoding", "date");
    private static final int BUFFER_BYTES = 16_384;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final URI target;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();

    /** What came back, and whether all of it could be handed on. */
    private record Handed(byte[] body, boolean whole) {
    }

    private RecordingProxy(final URI target, final HttpServer server) {
        this.target = target;
        this.server = server;
    }

    /** @param target scheme, host and port of the cluster's front */
    public static RecordingProxy start(final URI target) throws IOException {
        final HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        final RecordingProxy proxy = new RecordingProxy(target, server);
        server.setExecutor(proxy.threads);
        server.createContext("/", proxy::handle);
        server.start();
        return proxy;
    }

    /** @return where a client of that name finds the cluster's root; without a slash at the end */
    public String root(final String client) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + client;
    }

    /** @return the client's exchanges so far, in the order in which they ended */
    public List<Exchange> exchanges(final String client) {
        return exchanges.stream().filter(exchange -> exchange.client().equals(client)).toList();
    }

    private void handle(final HttpExchange exchange) throws IOException {
        try (exchange) {
            final String[] parts = exchange.getRequestURI().getRawPath().substring(1).split("/", 2);
            final String path = "/" + (parts.length > 1 ? parts[1] : "");
            final byte[] asked = exchange.getRequestBody().readAllBytes();
            final HttpResponse<InputStream> answer = send(exchange, path, asked);
            final Handed handed = handOn(exchange, answer);
            final Map<String, String> headers = new HashMap<>();
            answer.headers().map().forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getLast()));
            exchanges.add(new Exchange(parts[0], exchange.getRequestMethod(), path, new String(asked, StandardCharsets.UTF_8),
                answer.statusCode(), headers, decoded(handed.body, headers), handed.whole));
        }
    }

    private HttpResponse<InputStream> send(final HttpExchange exchange, final String path, final byte[] body) throws IOException {
        final String query = exchange.getRequestURI().getRawQuery();
        final HttpRequest.Builder request = HttpRequest.newBuilder(target.resolve(path + (query == null ? "" : "?" + query)))
            .timeout(PATIENCE).method(exchange.getRequestMethod(), body.length == 0
                ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!HOP.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        // Only what can be read here too; clients that take no compressed answers get none.
        if (String.join(",", exchange.getRequestHeaders().getOrDefault("accept-encoding", List.of())).contains("gzip")) {
            request.header("accept-encoding", "gzip");
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private static Handed handOn(final HttpExchange exchange, final HttpResponse<InputStream> answer) throws IOException {
        answer.headers().map().forEach((name, values) -> {
            if (!HOP.contains(name.toLowerCase(Locale.ROOT)) && !name.startsWith(":")) {
                exchange.getResponseHeaders().put(name, values);
            }
        });
        final ByteArrayOutputStream copy = new ByteArrayOutputStream();
        try (InputStream in = answer.body()) {
            final boolean empty = answer.statusCode() == 204 || exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(answer.statusCode(), empty ? -1 : 0);
            final byte[] buffer = new byte[BUFFER_BYTES];
            final OutputStream out = exchange.getResponseBody();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                copy.write(buffer, 0, read);
                out.write(buffer, 0, read);
                out.flush();
            }
        } catch (final IOException e) {
            // The client went away, or the cluster did: what was seen until then is kept, and marked.
            return new Handed(copy.toByteArray(), false);
        }
        return new Handed(copy.toByteArray(), true);
    }

    private static String decoded(final byte[] body, final Map<String, String> headers) throws IOException {
        if (!"gzip".equals(headers.get("content-encoding"))) {
            return new String(body, StandardCharsets.UTF_8);
        }
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(body))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        http.shutdownNow();
    }
}
