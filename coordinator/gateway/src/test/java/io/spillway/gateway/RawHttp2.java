package io.spillway.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** An HTTP/2 client that sends exactly the frames a test wants, and acknowledges nothing by itself. */
final class RawHttp2 implements AutoCloseable {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RESET = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;
    static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    final Socket socket;
    private final DataInputStream in;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);

    /** One frame as it came. */
    record Frame(int type, int flags, int stream, byte[] payload, Http2Headers headers) {
        boolean ends() {
            return (flags & END_STREAM) != 0 && (type == DATA || type == HEADERS);
        }

        /** @return the code of a RESET or GOAWAY */
        int code() {
            return ByteBuffer.wrap(payload).getInt(type == GOAWAY ? 4 : 0);
        }

        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }
    }

    /** One answer, whole. */
    record Answer(String status, Http2Headers headers, String body) {
    }

    RawHttp2(final int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    /** @param windowBytes what the server may send on a stream before it must wait */
    RawHttp2 begin(final int windowBytes) throws IOException {
        socket.getOutputStream().write(PREFACE.getBytes(StandardCharsets.US_ASCII));
        send(SETTINGS, 0, 0, ByteBuffer.allocate(6).putShort((short) 4).putInt(windowBytes).array());
        return this;
    }

    void send(final int type, final int flags, final int stream, final byte[] payload) throws IOException {
        final ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
        frame.put((byte) (payload.length >> 16)).putShort((short) payload.length).put((byte) type).put((byte) flags)
            .putInt(stream).put(payload);
        socket.getOutputStream().write(frame.array());
    }

    void post(final int stream, final String path, final String body) throws IOException {
        headers(stream, false, ":method", "POST", ":scheme", "http", ":path", path, ":authority", "localhost",
            "authorization", "Bearer sk-test", "content-type", "application/json");
        send(DATA, END_STREAM, stream, body.getBytes(StandardCharsets.UTF_8));
    }

    void get(final int stream, final String path) throws IOException {
        headers(stream, true, ":method", "GET", ":scheme", "http", ":path", path, ":authority", "localhost",
            "authorization", "Bearer sk-test");
    }

    void headers(final int stream, final boolean last, final String... namesAndValues) throws IOException {
        send(HEADERS, END_HEADERS | (last ? END_STREAM : 0), stream, block(namesAndValues));
    }

    static byte[] block(final String... namesAndValues) {
        final ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i++) {
            if (i % 2 == 0) {
                block.write(0);
            }
            final byte[] text = namesAndValues[i].getBytes(StandardCharsets.ISO_8859_1);
            int rest = text.length;
            if (rest < 127) {
                block.write(rest);
            } else {
                block.write(127);
                for (rest -= 127; rest >= 128; rest >>= 7) {
                    block.write(rest & 127 | 128);
                }
                block.write(rest);
            }
            block.writeBytes(text);
        }
        return block.toByteArray();
    }

    void window(final int stream, final int moreBytes) throws IOException {
        send(WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(moreBytes).array());
    }

    void reset(final int stream) throws IOException {
        send(RESET, 0, stream, ByteBuffer.allocate(4).putInt(8).array());
    }

    Frame read() throws IOException {
        final int size = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        final int type = in.readUnsignedByte();
        final int flags = in.readUnsignedByte();
        final int stream = in.readInt();
        final byte[] payload = in.readNBytes(size);
        // Every block must be read, in order, for the table that the next one refers to.
        return new Frame(type, flags, stream, payload, type == HEADERS ? decode(stream, payload) : null);
    }

    /** @return the first frame of that type on that stream; others before it are dropped */
    Frame await(final int type, final int stream) throws IOException {
        while (true) {
            final Frame frame = read();
            if (frame.type == type && frame.stream == stream) {
                return frame;
            }
        }
    }

    private Http2Headers decode(final int stream, final byte[] payload) throws IOException {
        final ByteBuf block = Unpooled.wrappedBuffer(payload);
        try {
            return decoder.decodeHeaders(stream, block);
        } catch (final Http2Exception e) {
            throw new IOException(e);
        }
    }

    /** Reads one stream's answer to its end; what other streams get is dropped. Gives the window back. */
    Answer answer(final int stream) throws IOException {
        Http2Headers headers = null;
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            final Frame frame = read();
            if (frame.type == HEADERS && frame.stream == stream && !"100".contentEquals(frame.headers.status())) {
                headers = frame.headers;
            }
            if (frame.type == DATA && frame.stream == stream) {
                body.writeBytes(frame.payload);
                if (frame.payload.length > 0) {
                    window(0, frame.payload.length);
                }
            }
            if (frame.type == RESET && frame.stream == stream) {
                throw new IOException("reset with " + frame.code());
            }
            if (frame.stream == stream && frame.ends()) {
                return new Answer(headers.status().toString(), headers, body.toString(StandardCharsets.UTF_8));
            }
        }
    }

    /** @return whether the server closed the connection; reads what it had to say first */
    boolean closedByServer() throws IOException {
        try {
            while (true) {
                read();
            }
        } catch (final EOFException | SocketException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
