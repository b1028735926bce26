package io.spillway.node.compute;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A weight matrix {@code [rows][columns]} as kernels read it: 16 output rows interleaved, so that one vector holds the
 * weights of 16 outputs for one input element.
 *
 * <pre>
 * matrix = strip 0 | strip 1 | …        a strip is 64 rows: 4 panels; rows beyond the last are zero
 * panel  = block 0 | block 1 | …        16 rows, all columns
 * block  F32, F16, BF16: [16 rows]                               one column
 *        Q8_0: [32 columns][16 rows] int8, then [16] f16 scales
 *        Q4_0: [16][16 rows] bytes, low nibble column j, high nibble column j + 16; then [16] f16 scales
 * </pre>
 *
 * @param dtype   storage
 * @param rows    outputs
 * @param columns inputs; a multiple of the format's block
 * @param bytes   off-heap, little-endian; borrowed from whoever packed it
 */
public record PackedMatrix(DType dtype, int rows, int columns, MemorySegment bytes) {
    /** Output rows of the unit of work. */
    public static final int STRIP_ROWS = 64;
    /** Panels of a strip. */
    public static final int STRIP_PANELS = STRIP_ROWS / DType.PANEL_ROWS;

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int QUANT_ROWS_BYTES = 512;  // Q8_0: 32 × 16 int8 before the scales
    private static final int NIBBLE_ROWS_BYTES = 256; // Q4_0: 16 × 16 bytes before the scales

    public PackedMatrix {
        requireNonNull(dtype, "dtype");
        if (rows <= 0 || columns <= 0 || columns % dtype.blockColumns() != 0) {
            throw new IllegalArgumentException("a " + dtype + " matrix cannot be [" + rows + ", " + columns + "]");
        }
        if (bytes.byteSize() < sizeBytes(dtype, rows, columns)) {
            throw new IllegalArgumentException("segment of " + bytes.byteSize() + " bytes is too short");
        }
    }

    /** @return bytes of a packed matrix of that shape, padding included */
    public static long sizeBytes(final DType dtype, final int rows, final int columns) {
        return (long) Math.ceilDiv(rows, STRIP_ROWS) * STRIP_PANELS * dtype.panelBytes(columns);
    }

    /** @return units of work */
    public int strips() {
        return Math.ceilDiv(rows, STRIP_ROWS);
    }

    /** @return bytes of 16 rows */
    public long panelBytes() {
        return dtype.panelBytes(columns);
    }

    /** @return rows of that strip that are not padding, 1 to 64 */
    public int stripRows(final int strip) {
        return Math.min(STRIP_ROWS, rows - strip * STRIP_ROWS);
    }

    /** @return the exact value at that place: the meaning of the format. Slow; for the specification and single rows. */
    public float at(final int row, final int column) {
        final int lane = row % DType.PANEL_ROWS;
        final long block = row / DType.PANEL_ROWS * panelBytes() + (long) (column / dtype.blockColumns()) * dtype.panelBlockBytes();
        return switch (dtype) {
            case F32 -> bytes.get(FLOAT, block + lane * 4L);
            case F16 -> Half.toFloat(bytes.get(SHORT, block + lane * 2L));
            case BF16 -> Half.bf16ToFloat(bytes.get(SHORT, block + lane * 2L));
            case Q8_0 -> bytes.get(ValueLayout.JAVA_BYTE, block + column % 32 * 16L + lane)
                    * Half.toFloat(bytes.get(SHORT, block + QUANT_ROWS_BYTES + lane * 2L));
            case Q4_0 -> nibble(block, column % 32, lane) * Half.toFloat(bytes.get(SHORT, block + NIBBLE_ROWS_BYTES + lane * 2L));
        };
    }

    private int nibble(final long block, final int column, final int lane) {
        final int pair = bytes.get(ValueLayout.JAVA_BYTE, block + column % 16 * 16L + lane);
        return (column < 16 ? pair & 0xF : (pair >> 4) & 0xF) - 8;
    }

    /** Copies one row, for instance a token's embedding, into {@code out} from {@code outOffset} on. */
    public void readRow(final int row, final float[] out, final int outOffset) {
        for (int column = 0; column < columns; column++) {
            out[outOffset + column] = at(row, column);
        }
    }
}
