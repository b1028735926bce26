package io.spillway.node.packed;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One matrix of the side file's directory.
 *
 * @param label       what it is for, and which stored rows it was made of
 * @param offsetBytes from the start of the file, a multiple of {@link #ALIGNMENT_BYTES}
 * @param checksums   CRC-32C of every {@link #CHUNK_BYTES} of it
 */
record PackedEntry(String label, DType dtype, int rows, int columns, long offsetBytes, int[] checksums) {
    /** Matrices start on a page. */
    static final int ALIGNMENT_BYTES = 4096;
    /** Bytes that share a checksum: the unit of checking. */
    static final int CHUNK_BYTES = 4 << 20;
    private static final int LABEL_BYTES_MAX = 1024;
    private static final int DTYPE_BYTES_MAX = 16;

    long sizeBytes() {
        return PackedMatrix.sizeBytes(dtype, rows, columns);
    }

    static int chunks(final long sizeBytes) {
        return Math.toIntExact(Math.ceilDiv(sizeBytes, (long) CHUNK_BYTES));
    }

    void write(final ByteBuffer out) {
        text(out, label);
        text(out, dtype.name());
        out.putInt(rows).putInt(columns).putLong(offsetBytes).putInt(checksums.length);
        for (final int checksum : checksums) {
            out.putInt(checksum);
        }
    }

    /** @return bytes that {@link #write} appends */
    int headerBytes() {
        return 2 * Integer.BYTES + label.getBytes(StandardCharsets.UTF_8).length + dtype.name().length() + 3 * Integer.BYTES
                + Long.BYTES + checksums.length * Integer.BYTES;
    }

    /** @throws RuntimeException of any kind when the bytes are no directory of ours */
    static PackedEntry read(final ByteBuffer in) {
        final String label = text(in, LABEL_BYTES_MAX);
        final DType dtype = DType.valueOf(text(in, DTYPE_BYTES_MAX));
        final int rows = in.getInt();
        final int columns = in.getInt();
        final long offset = in.getLong();
        final int count = in.getInt();
        if (rows <= 0 || columns <= 0 || columns % dtype.blockColumns() != 0 || count != chunks(PackedMatrix.sizeBytes(dtype, rows, columns))
                || count > in.remaining() / Integer.BYTES) {
            throw new IllegalArgumentException("an impossible matrix");
        }
        final int[] checksums = new int[count];
        for (int i = 0; i < count; i++) {
            checksums[i] = in.getInt();
        }
        return new PackedEntry(label, dtype, rows, columns, offset, checksums);
    }

    private static void text(final ByteBuffer out, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putInt(bytes.length).put(bytes);
    }

    private static String text(final ByteBuffer in, final int bytesMax) {
        final int length = in.getInt();
        if (length < 0 || length > bytesMax || length > in.remaining()) {
            throw new IllegalArgumentException("an impossible text");
        }
        final byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
