package io.spillway.gateway.http;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.BrotliInputStream;
import com.aayushatharva.brotli4j.encoder.BrotliOutputStream;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import com.github.luben.zstd.util.Native;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/**
 * A way to pack bodies, in the order in which we like them: what costs least for what it saves comes first. Streams must be closed; a
 * packing stream's {@code flush} lets everything written so far be read. Any thread; each stream belongs to one.
 */
enum ContentCoding {
    ZSTD("zstd") {
        @Override
        boolean available() {
            return ZstdLibrary.LOADED;
        }

        @Override
        InputStream unpacked(final InputStream in) throws IOException {
            // What a web body may ask for (RFC 9659); the default lets a few bytes ask for 128 MiB.
            return new ZstdInputStreamNoFinalizer(in).setLongMax(ZSTD_WINDOW_LOG_MAX);
        }

        @Override
        OutputStream packed(final OutputStream out) throws IOException {
            return new ZstdOutputStreamNoFinalizer(out, ZSTD_LEVEL);
        }
    },
    BROTLI("br") {
        @Override
        boolean available() {
            return Brotli4jLoader.isAvailable();
        }

        @Override
        InputStream unpacked(final InputStream in) throws IOException {
            Brotli4jLoader.ensureAvailability();
            return new BrotliInputStream(in);
        }

        @Override
        OutputStream packed(final OutputStream out) throws IOException {
            Brotli4jLoader.ensureAvailability();
            return new BrotliOutputStream(out, new Encoder.Parameters().setQuality(BROTLI_QUALITY).setWindow(BROTLI_WINDOW_LOG));
        }
    },
    GZIP("gzip") {
        @Override
        InputStream unpacked(final InputStream in) throws IOException {
            return new GZIPInputStream(in);
        }

        @Override
        OutputStream packed(final OutputStream out) throws IOException {
            return new FastGzip(out);
        }
    },
    /** Zlib's format is what the standard says; raw deflate is what some clients send. */
    DEFLATE("deflate") {
        @Override
        InputStream unpacked(final InputStream in) throws IOException {
            final BufferedInputStream ahead = new BufferedInputStream(in);
            ahead.mark(2);
            final int first = ahead.read();
            final int second = ahead.read();
            ahead.reset();
            final boolean zlib = (first & 0x0f) == Deflater.DEFLATED && ((first << 8) + second) % ZLIB_CHECK == 0;
            return new InflaterInputStream(ahead, new Inflater(!zlib)) {
                @Override
                public void close() throws IOException {
                    inf.end();
                    super.close();
                }
            };
        }

        @Override
        OutputStream packed(final OutputStream out) throws IOException {
            return new DeflaterOutputStream(out, new Deflater(DEFLATE_LEVEL), BUFFER_BYTES, true) {
                @Override
                public void close() throws IOException {
                    super.close();
                    def.end();
                }
            };
        }
    };

    private static final int ZSTD_LEVEL = 1;
    private static final int ZSTD_WINDOW_LOG_MAX = 23;
    private static final int BROTLI_QUALITY = 3;
    private static final int BROTLI_WINDOW_LOG = 18;
    private static final int DEFLATE_LEVEL = 3;
    private static final int BUFFER_BYTES = 2048;
    private static final int ZLIB_CHECK = 31;

    private final String token;

    ContentCoding(final String token) {
        this.token = token;
    }

    /** @return the word in {@code Content-Encoding} */
    String token() {
        return token;
    }

    /** @return whether it can be used on this machine: some need a native library */
    boolean available() {
        return true;
    }

    abstract InputStream unpacked(InputStream in) throws IOException;

    abstract OutputStream packed(OutputStream out) throws IOException;

    /** @param word in lower case */
    static Optional<ContentCoding> named(final String word) {
        final String plain = word.startsWith("x-") ? word.substring(2) : word;
        return Arrays.stream(values()).filter(coding -> coding.token.equals(plain)).findFirst();
    }

    /** @return what can be used here, as an {@code Accept-Encoding} header says it */
    static String allNames() {
        return Arrays.stream(values()).filter(ContentCoding::available).map(ContentCoding::token).collect(Collectors.joining(", "));
    }

    /** The library's loader says what is wrong by throwing. */
    private static final class ZstdLibrary {
        static final boolean LOADED = load();

        private static boolean load() {
            try {
                Native.load();
                return Native.isLoaded();
            } catch (final LinkageError e) {
                return false;
            }
        }
    }

    /** Gzip at a level that leaves time for other things, flushed when asked. */
    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(final OutputStream out) throws IOException {
            super(out, BUFFER_BYTES, true);
            def.setLevel(DEFLATE_LEVEL);
        }
    }
}
