package io.spillway.modelfile;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The key-value part of a GGUF header. Values are held as String, Long, Double, Boolean, {@code List<String>},
 * {@code long[]} or {@code float[]}; an array of booleans is a {@code long[]} of 0 and 1.
 */
final class GgufMetadata {
    private static final int KEYS_MAX = 1 << 16;
    private static final int ELEMENTS_MAX = 1 << 24;
    private static final int ENTRY_BYTES_MIN = 13; // key length, type, one byte of value
    private static final int UINT8 = 0;
    private static final int INT8 = 1;
    private static final int UINT16 = 2;
    private static final int INT16 = 3;
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int UINT64 = 10;
    private static final int INT64 = 11;
    private static final int FLOAT64 = 12;

    private final Map<String, Object> values;

    private final Map<String, Span> spans;

    private GgufMetadata(final Map<String, Object> values, final Map<String, Span> spans) {
        this.values = Collections.unmodifiableMap(values);
        this.spans = spans;
    }

    /** Where a value and its type number lie in the file. */
    record Span(long fromBytes, long toBytes) { }

    Optional<Span> span(final String key) {
        return Optional.ofNullable(spans.get(key));
    }

    static int nextKeyCount(final GgufCursor cursor) {
        return cursor.nextCount("metadata count", ENTRY_BYTES_MIN, KEYS_MAX);
    }

    static GgufMetadata read(final Path file, final GgufCursor cursor, final int keyCount) {
        final Map<String, Object> values = new LinkedHashMap<>();
        final Map<String, Span> spans = new HashMap<>();
        for (int i = 0; i < keyCount; i++) {
            final String key = cursor.nextString("metadata key");
            final long fromBytes = cursor.positionBytes();
            final Object value = nextValue(file, cursor, key, cursor.nextInt());
            if (values.putIfAbsent(key, value) != null) {
                throw Refusal.damaged(file, "metadata key " + Refusal.quote(key) + " stands twice");
            }
            spans.put(key, new Span(fromBytes, cursor.positionBytes()));
        }
        return new GgufMetadata(values, spans);
    }

    Map<String, Object> values() {
        return values;
    }

    <T> Optional<T> value(final String key, final Class<T> type) {
        final Object value = values.get(key);
        return type.isInstance(value) ? Optional.of(type.cast(value)) : Optional.empty();
    }

    private static Object nextValue(final Path file, final GgufCursor cursor, final String key, final int type) {
        return switch (type) {
            case FLOAT32 -> (double) cursor.nextFloat();
            case FLOAT64 -> cursor.nextDouble();
            case BOOL -> cursor.nextBoolean();
            case STRING -> cursor.nextString("string " + Refusal.quote(key));
            case ARRAY -> nextArray(file, cursor, key);
            default -> nextInteger(file, cursor, key, type);
        };
    }

    private static long nextInteger(final Path file, final GgufCursor cursor, final String key, final int type) {
        return switch (type) {
            case UINT8, BOOL -> Byte.toUnsignedLong(cursor.nextByte());
            case INT8 -> cursor.nextByte();
            case UINT16 -> Short.toUnsignedLong(cursor.nextShort());
            case INT16 -> cursor.nextShort();
            case UINT32 -> Integer.toUnsignedLong(cursor.nextInt());
            case INT32 -> cursor.nextInt();
            case UINT64, INT64 -> cursor.nextLong();
            default -> throw Refusal.damaged(file, "metadata " + Refusal.quote(key) + " has unknown type " + type);
        };
    }

    private static Object nextArray(final Path file, final GgufCursor cursor, final String key) {
        final int type = cursor.nextInt();
        final int count = cursor.nextCount("array " + Refusal.quote(key), elementBytesMin(file, key, type), ELEMENTS_MAX);
        return switch (type) {
            case STRING -> nextStrings(cursor, key, count);
            case FLOAT32, FLOAT64 -> nextReals(cursor, type, count);
            default -> nextIntegers(file, cursor, key, type, count);
        };
    }

    private static int elementBytesMin(final Path file, final String key, final int type) {
        return switch (type) {
            case UINT8, INT8, BOOL -> 1;
            case UINT16, INT16 -> Short.BYTES;
            case UINT32, INT32, FLOAT32 -> Integer.BYTES;
            case STRING, UINT64, INT64, FLOAT64 -> Long.BYTES;
            case ARRAY -> throw Refusal.of(file, "metadata " + Refusal.quote(key) + " is an array of arrays, which is not supported");
            default -> throw Refusal.damaged(file, "array " + Refusal.quote(key) + " has unknown element type " + type);
        };
    }

    private static List<String> nextStrings(final GgufCursor cursor, final String key, final int count) {
        final List<String> strings = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            strings.add(cursor.nextString("string of " + key));
        }
        return Collections.unmodifiableList(strings);
    }

    private static float[] nextReals(final GgufCursor cursor, final int type, final int count) {
        final float[] reals = new float[count];
        for (int i = 0; i < count; i++) {
            reals[i] = type == FLOAT32 ? cursor.nextFloat() : (float) cursor.nextDouble();
        }
        return reals;
    }

    private static long[] nextIntegers(final Path file, final GgufCursor cursor, final String key, final int type, final int count) {
        final long[] integers = new long[count];
        for (int i = 0; i < count; i++) {
            integers[i] = nextInteger(file, cursor, key, type);
        }
        return integers;
    }
}
