package io.spillway.gateway;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client that sends exactly the bytes a test wants. */
final class RawHttp implements AutoCloseable {
    final Socket socket;
    private final InputStream in;

    /** One answer, body decoded. */
    record Answer(int status, Map<String, String> headers, String body) {
    }

    RawHttp(final int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    void send(final String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
    }

    static String post(final String path, final String body) {
        return "POST " + path + " HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-test\r\ncontent-length: "
            + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    static String get(final String path) {
        return "GET " + path + " HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-test\r\n\r\n";
    }

    String line() throws IOException {
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        int b = in.read();
        while (b >= 0 && b != '\n') {
            if (b != '\r') {
                line.write(b);
            }
            b = in.read();
        }
        if (b < 0 && line.size() == 0) {
            throw new IOException("closed");
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    Answer answer(final boolean withBody) throws IOException {
        final int status = Integer.parseInt(line().split(" ")[1]);
        final Map<String, String> headers = new LinkedHashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            final int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
        }
        if (!withBody || status == 100 || status == 204) {
            return new Answer(status, headers, "");
        }
        if (headers.containsKey("content-length")) {
            return new Answer(status, headers, text(Integer.parseInt(headers.get("content-length"))));
        }
        if ("chunked".equals(headers.get("transfer-encoding"))) {
            final StringBuilder body = new StringBuilder();
            for (int size = Integer.parseInt(line(), 16); size > 0; size = Integer.parseInt(line(), 16)) {
                body.append(text(size));
                line();
            }
            line();
            return new Answer(status, headers, body.toString());
        }
        return new Answer(status, headers, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }

    Answer answer() throws IOException {
        return answer(true);
    }

    private String text(final int bytes) throws IOException {
        return new String(in.readNBytes(bytes), StandardCharsets.UTF_8);
    }

    boolean closedByServer() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
