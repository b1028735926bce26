package io.spillway.modelfile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes small GGUF files for tests. */
final class GgufBytes {
    private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private final List<byte[]> payloads = new ArrayList<>();
    private int keys;
    private int version = 3;
    private long offset;

    private static void put(final ByteArrayOutputStream out, final int bytes, final long value) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }

    private static void put(final ByteArrayOutputStream out, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        put(out, 8, bytes.length);
        out.writeBytes(bytes);
    }

    private GgufBytes key(final String key, final int type) {
        put(metadata, key);
        put(metadata, 4, type);
        keys++;
        return this;
    }

    GgufBytes version(final int value) {
        version = value;
        return this;
    }

    GgufBytes string(final String key, final String value) {
        key(key, 8);
        put(metadata, value);
        return this;
    }

    /** @param type GGUF's number of the integer type */
    GgufBytes integer(final String key, final int type, final int bytes, final long value) {
        key(key, type);
        put(metadata, bytes, value);
        return this;
    }

    GgufBytes real(final String key, final float value) {
        return integer(key, 6, 4, Float.floatToRawIntBits(value));
    }

    GgufBytes strings(final String key, final String... values) {
        key(key, 9);
        put(metadata, 4, 8);
        put(metadata, 8, values.length);
        for (final String value : values) {
            put(metadata, value);
        }
        return this;
    }

    GgufBytes ints(final String key, final int... values) {
        key(key, 9);
        put(metadata, 4, 5);
        put(metadata, 8, values.length);
        for (final int value : values) {
            put(metadata, 4, value);
        }
        return this;
    }

    GgufBytes longs(final String key, final long... values) {
        key(key, 9);
        put(metadata, 4, 11);
        put(metadata, 8, values.length);
        for (final long value : values) {
            put(metadata, 8, value);
        }
        return this;
    }

    GgufBytes floats(final String key, final float... values) {
        key(key, 9);
        put(metadata, 4, 6);
        put(metadata, 8, values.length);
        for (final float value : values) {
            put(metadata, 4, Float.floatToRawIntBits(value));
        }
        return this;
    }

    /** @param shape row-major, outermost first */
    GgufBytes tensor(final String name, final int type, final long[] shape, final byte[] payload) {
        put(directory, name);
        put(directory, 4, shape.length);
        for (int d = shape.length - 1; d >= 0; d--) {
            put(directory, 8, shape[d]);
        }
        put(directory, 4, type);
        put(directory, 8, offset);
        payloads.add(payload);
        offset += Math.ceilDiv(payload.length, 32) * 32L;
        return this;
    }

    byte[] bytes() {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        put(out, 4, version);
        put(out, 8, payloads.size());
        put(out, 8, keys);
        out.writeBytes(metadata.toByteArray());
        out.writeBytes(directory.toByteArray());
        for (final byte[] payload : payloads) {
            out.writeBytes(new byte[Math.floorMod(-out.size(), 32)]);
            out.writeBytes(payload);
        }
        return out.toByteArray();
    }

    static byte[] floatsOf(final float... values) {
        final ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(values);
        return buffer.array();
    }

    static GgufBytes sample() {
        return new GgufBytes().string("general.architecture", "llama").integer("llama.block_count", 4, 4, 3)
                .integer("big", 10, 8, -1).integer("small", 1, 1, 0xFE).real("eps", 0.5f).integer("flag", 7, 1, 1)
                .strings("tokens", "a", "bé", "").ints("types", 1, -2, 3).floats("scores", 0.25f, -1f)
                .tensor("norm", 0, new long[] {3}, floatsOf(1, 2, 3))
                .tensor("matrix", 8, new long[] {2, 32}, new byte[68])
                .tensor("odd", 12, new long[] {1, 256}, new byte[144]);
    }
}
