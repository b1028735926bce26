package io.spillway.modelfile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A metadata value as GGUF stores it: its type number and its bytes. A value that was read from a file can be written to
 * another unchanged, whatever its width.
 *
 * @param bytes the type number (4 bytes), then the value, little-endian; nobody changes it
 */
public record GgufValue(byte[] bytes) {
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** @return an unsigned integer of 32 bits */
    public static GgufValue ofInteger(final int value) {
        return new GgufValue(numbers(UINT32, value));
    }

    /** @return a float of 32 bits */
    public static GgufValue ofReal(final float value) {
        return new GgufValue(numbers(FLOAT32, Float.floatToRawIntBits(value)));
    }

    /** @return a truth value */
    public static GgufValue ofBool(final boolean value) {
        return new GgufValue(ByteBuffer.allocate(5).order(ByteOrder.LITTLE_ENDIAN).putInt(BOOL).put((byte) (value ? 1 : 0)).array());
    }

    /** @return a text */
    public static GgufValue ofString(final String value) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(numbers(STRING));
        text(out, value);
        return new GgufValue(out.toByteArray());
    }

    /** @return a list of texts */
    public static GgufValue ofStrings(final List<String> values) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(numbers(ARRAY, STRING, values.size(), 0));
        values.forEach(value -> text(out, value));
        return new GgufValue(out.toByteArray());
    }

    /** @return a list of signed integers of 32 bits */
    public static GgufValue ofIntegers(final int... values) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(numbers(ARRAY, INT32, values.length, 0));
        out.writeBytes(numbers(values));
        return new GgufValue(out.toByteArray());
    }

    /** @return a list of floats of 32 bits */
    public static GgufValue ofReals(final float... values) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(numbers(ARRAY, FLOAT32, values.length, 0));
        final int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        out.writeBytes(numbers(bits));
        return new GgufValue(out.toByteArray());
    }

    private static byte[] numbers(final int... values) {
        final ByteBuffer buffer = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(values);
        return buffer.array();
    }

    private static void text(final ByteArrayOutputStream out, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeBytes(numbers(bytes.length, 0)); // 64 bits
        out.writeBytes(bytes);
    }
}
