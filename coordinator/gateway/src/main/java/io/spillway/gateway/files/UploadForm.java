package io.spillway.gateway.files;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.multipart.Attribute;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.FileUpload;
import io.netty.handler.codec.http.multipart.HttpPostMultipartRequestDecoder;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.http.SpooledBody;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The fields and the file of a {@code multipart/form-data} request. The file is streamed to the disk as it is decoded; nothing of it
 * is held in memory beyond a piece. One thread; closing removes what was not taken over.
 */
final class UploadForm implements AutoCloseable {
    private static final int PIECE_BYTES = 64 << 10;
    private static final int IN_MEMORY_BYTES = 16 << 10;
    private static final int FIELDS_MAX = 64;
    private static final int FIELD_BYTES_MAX = 4096;
    /** A part's headers, and the piece around a boundary. */
    private static final int UNDECODED_BYTES_MAX = 256 << 10;
    private static final String FILE = "file";

    private final Path file;
    private final String fileName;
    private final Map<String, String> fields;

    private UploadForm(final Path file, final String fileName, final Map<String, String> fields) {
        this.file = file;
        this.fileName = fileName;
        this.fields = fields;
    }

    /**
     * Reads a request's body.
     *
     * @param scratch where the file goes
     * @throws SpillwayException when the body is not such a form, or has no file
     */
    static UploadForm read(final HttpCall call, final Path scratch, final long fileBytesMax) throws IOException {
        final String type = call.header("content-type").orElse("");
        if (!type.regionMatches(true, 0, "multipart/form-data", 0, "multipart/form-data".length())) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE,
                "Send the file as multipart/form-data, with the fields 'file' and 'purpose'");
        }
        final DefaultHttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/");
        head.headers().set("content-type", type);
        final DefaultHttpDataFactory factory = new DefaultHttpDataFactory(IN_MEMORY_BYTES, StandardCharsets.UTF_8);
        factory.setBaseDir(scratch.toString());
        factory.setDeleteOnExit(false);
        factory.setMaxLimit(fileBytesMax);
        final HttpPostMultipartRequestDecoder decoder;
        try {
            decoder = new HttpPostMultipartRequestDecoder(factory, head, StandardCharsets.UTF_8, FIELDS_MAX, UNDECODED_BYTES_MAX);
        } catch (final RuntimeException e) {
            throw malformed(e);
        }
        try (InputStream body = body(call)) {
            feed(decoder, body);
            return collect(decoder, scratch);
        } finally {
            decoder.destroy();
        }
    }

    private static InputStream body(final HttpCall call) throws IOException {
        final Optional<SpooledBody> spooled = call.spooled();
        return spooled.isPresent() ? spooled.get().open() : new ByteArrayInputStream(call.body());
    }

    /** Whatever a hostile body makes the decoder throw is the body's fault. */
    private static void feed(final HttpPostMultipartRequestDecoder decoder, final InputStream body) throws IOException {
        final byte[] piece = new byte[PIECE_BYTES];
        for (int size = body.read(piece); size >= 0; size = body.read(piece)) {
            offer(decoder, new DefaultHttpContent(Unpooled.wrappedBuffer(Arrays.copyOf(piece, size))));
        }
        offer(decoder, LastHttpContent.EMPTY_LAST_CONTENT);
        if (decoder.currentPartialHttpData() != null) {
            throw malformed(null);
        }
    }

    private static void offer(final HttpPostMultipartRequestDecoder decoder, final HttpContent content) {
        try {
            decoder.offer(content);
        } catch (final RuntimeException e) {
            throw malformed(e);
        } finally {
            if (content != LastHttpContent.EMPTY_LAST_CONTENT) {
                content.release();
            }
        }
    }

    private static UploadForm collect(final HttpPostMultipartRequestDecoder decoder, final Path scratch) throws IOException {
        final Map<String, String> fields = new LinkedHashMap<>();
        FileUpload upload = null;
        for (final InterfaceHttpData part : parts(decoder)) {
            if (part instanceof FileUpload found && FILE.equals(found.getName())) {
                upload = found;
            } else if (part instanceof Attribute attribute) {
                if (attribute.length() > FIELD_BYTES_MAX) {
                    throw SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, fieldName(attribute),
                        "A form field has at most " + FIELD_BYTES_MAX + " bytes");
                }
                fields.put(attribute.getName(), attribute.getValue());
            }
        }
        if (upload == null) {
            throw fields.containsKey(FILE)
                ? SpillwayException.ofField(ErrorCode.INVALID_TYPE, FILE, "Invalid 'file': expected a file with a file name.")
                : SpillwayException.ofField(ErrorCode.MISSING_FIELD, FILE, "Missing required parameter: 'file'.");
        }
        final Path taken = Files.createTempFile(scratch, "upload-", ".unfinished");
        if (!upload.renameTo(taken.toFile())) {
            Files.deleteIfExists(taken);
            throw new IOException("an upload could not be moved to " + taken);
        }
        return new UploadForm(taken, upload.getFilename(), fields);
    }

    private static String fieldName(final Attribute attribute) {
        final String name = attribute.getName();
        return name.length() <= FIELDS_MAX ? name : name.substring(0, FIELDS_MAX);
    }

    private static Iterable<InterfaceHttpData> parts(final HttpPostMultipartRequestDecoder decoder) {
        try {
            return decoder.getBodyHttpDatas();
        } catch (final RuntimeException e) {
            throw malformed(e);
        }
    }

    /** The decoder's own words may quote the body, so only the fact is told. */
    private static SpillwayException malformed(final RuntimeException cause) {
        final String detail = "The request body is not well-formed multipart/form-data, or has too many or too large parts";
        return cause == null ? new SpillwayException(ErrorCode.INVALID_VALUE, detail)
            : new SpillwayException(ErrorCode.INVALID_VALUE, detail, cause);
    }

    /** @return the file's content; the form's until it is moved away */
    Path file() {
        return file;
    }

    /** @return the file's name as the client sent it, without folders and control characters */
    String fileName() {
        final String bare = fileName.substring(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1);
        final String fit = bare.codePoints().filter(c -> !Character.isISOControl(c))
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString().strip();
        return fit.isEmpty() ? "upload" : fit.substring(0, Math.min(fit.length(), 255));
    }

    /** @return the text of a field */
    Optional<String> field(final String name) {
        return Optional.ofNullable(fields.get(name));
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
