package io.spillway.text.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes a GGUF file that has metadata and no tensors. */
public final class GgufWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** @param metadata texts, ints, floats, truth values, arrays of the first three */
    public static void write(final Path file, final Map<String, Object> metadata) throws IOException {
        final GgufWriter writer = new GgufWriter();
        writer.out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        writer.number(3);
        writer.wide(0);
        writer.wide(metadata.size());
        metadata.forEach((key, value) -> {
            writer.text(key);
            writer.value(value);
        });
        writer.out.writeBytes(new byte[64]);
        Files.write(file, writer.out.toByteArray());
    }

    private void number(final int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    private void wide(final long value) {
        out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }

    private void text(final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        wide(bytes.length);
        out.writeBytes(bytes);
    }

    private void value(final Object value) {
        switch (value) {
            case String text -> {
                number(8);
                text(text);
            }
            case Integer whole -> {
                number(5);
                number(whole);
            }
            case Float real -> {
                number(6);
                number(Float.floatToIntBits(real));
            }
            case Boolean flag -> {
                number(7);
                out.write(flag ? 1 : 0);
            }
            case float[] reals -> {
                array(6, reals.length);
                for (final float real : reals) {
                    number(Float.floatToIntBits(real));
                }
            }
            case int[] wholes -> {
                array(5, wholes.length);
                for (final int whole : wholes) {
                    number(whole);
                }
            }
            case List<?> texts -> {
                array(8, texts.size());
                texts.forEach(text -> text((String) text));
            }
            default -> throw new IllegalArgumentException(value.getClass().getName());
        }
    }

    private void array(final int type, final int size) {
        number(9);
        number(type);
        wide(size);
    }
}
