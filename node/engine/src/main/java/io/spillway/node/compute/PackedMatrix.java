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
 *        F8:   [32 columns][16 rows] e4m3, then [16] f32 scales
 *        Q8_0: int8s, then [16] f16 scales
 *        Q4_0: nibbles, then [16] f16 scales
 *        Q4_K: [16] f16 d, [16] f16 dmin, then 8 times: nibbles, [16] u8 scales, [16] u8 minima
 *        Q4_M: nibbles, then [16] f32 scales, [16] f32 minima
 *        Q8_G: int8s, then [2 groups][16] f32 scales
 *        Q8_M: int8s, then [2 groups][16] f32 scales, [2 groups][16] f32 minima
 *        Q6_K: [16] f16 d, then 8 times: nibbles, pairs, [2 groups][16] i8 scales
 * int8s   = [8][16 rows][4 columns] bytes: 512 bytes for 32 columns; a lane of 32 bits holds 4 neighbouring columns of a row
 * nibbles = [4][16 rows][4] bytes: 256 bytes; byte j of quad q holds column 4q + j (low) and column 16 + 4q + j (high)
 * pairs   = [2][16 rows][4] bytes: 128 bytes; byte j of half h holds bits 4 and 5 of columns 16h + 4q + j, lowest q first
 * </pre>
 *
 * @param dtype   storage
 * @param rows    outputs
 * @param columns inputs; a multiple of the format's block
 * @param bytes   off-heap, little-endian; borrowed from whoever packed it
 */
public record PackedMatrix(DType dtype, int rows, int columns, MemorySegment bytes) {
    /** Raised whenever the bytes of a packed matrix change their meaning: kept files of another version are not read. */
    public static final int LAYOUT_VERSION = 2;
    /** Output rows of the unit of work. */
    public static final int STRIP_ROWS = 64;
    /** Panels of a strip. */
    public static final int STRIP_PANELS = STRIP_ROWS / DType.PANEL_ROWS;

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Bytes of 32 columns × 16 rows of int8, and of nibbles. */
    static final int INT8S_BYTES = 512;
    static final int NIBBLES_BYTES = 256;
    /** Bytes of one value per row of a panel. */
    static final int F16_ROW_BYTES = 32;
    static final int F32_ROW_BYTES = 64;
    /** Q4_K: bytes before the first sub-block, bytes of a sub-block. */
    static final int SUPER_HEAD_BYTES = 2 * F16_ROW_BYTES;
    static final int SUPER_PART_BYTES = NIBBLES_BYTES + 2 * DType.PANEL_ROWS;
    /** Q6_K: bytes of pairs, of a sub-block; what is subtracted from the stored six bits. */
    static final int PAIRS_BYTES = 128;
    static final int SIX_PART_BYTES = NIBBLES_BYTES + PAIRS_BYTES + 2 * DType.PANEL_ROWS;
    static final int SIX_ZERO = 32;

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

    /**
     * @return the value at that place: the meaning of the format. Exact for all but the formats whose scale takes a rounding.
     *         Slow; for the specification and single rows
     */
    public float at(final int row, final int column) {
        final long block = blockOffset(row, column);
        final int lane = row % DType.PANEL_ROWS;
        return switch (dtype) {
            case F32 -> bytes.get(FLOAT, block + lane * 4L);
            case F16 -> Half.toFloat(bytes.get(SHORT, block + lane * 2L));
            case BF16 -> Half.bf16ToFloat(bytes.get(SHORT, block + lane * 2L));
            case F8 -> Half.f8ToFloat(bytes.get(ValueLayout.JAVA_BYTE, block + column % 32 * 16L + lane))
                    * bytes.get(FLOAT, block + INT8S_BYTES + lane * 4L);
            default -> dtype.hasMinimum() ? integer(row, column) * scale(row, column) - minimum(row, column)
                    : integer(row, column) * scale(row, column);
        };
    }

    /** @return the stored integer at that place, of an integer format */
    public int integer(final int row, final int column) {
        return integerAt(partOffset(row, column), row % DType.PANEL_ROWS, column);
    }

    private int integerAt(final long part, final int lane, final int column) {
        return switch (dtype) {
            case Q8_0, Q8_G, Q8_M -> bytes.get(ValueLayout.JAVA_BYTE, part + quadOffset(column % 32, lane));
            case Q4_0 -> nibble(part, column % 32, lane) - 8;
            case Q4_K, Q4_M -> nibble(part, column % 32, lane);
            case Q6_K -> (nibble(part, column % 32, lane) | pair(part + NIBBLES_BYTES, column % 32, lane) << 4) - SIX_ZERO;
            default -> throw new IllegalStateException(dtype + " holds no integers");
        };
    }

    /** @return what the integer at that place is multiplied by, of an integer format */
    public float scale(final int row, final int column) {
        final long part = partOffset(row, column);
        final int lane = row % DType.PANEL_ROWS;
        return switch (dtype) {
            case Q8_0 -> Half.toFloat(bytes.get(SHORT, part + INT8S_BYTES + lane * 2L));
            case Q4_0 -> Half.toFloat(bytes.get(SHORT, part + NIBBLES_BYTES + lane * 2L));
            case Q4_K -> Half.toFloat(bytes.get(SHORT, blockOffset(row, column) + lane * 2L)) * unsigned(part + NIBBLES_BYTES + lane);
            case Q4_M -> bytes.get(FLOAT, part + NIBBLES_BYTES + lane * 4L);
            case Q8_G, Q8_M -> bytes.get(FLOAT, part + INT8S_BYTES + column % 32 / 16 * F32_ROW_BYTES + lane * 4L);
            case Q6_K -> Half.toFloat(bytes.get(SHORT, blockOffset(row, column) + lane * 2L))
                    * bytes.get(ValueLayout.JAVA_BYTE, part + NIBBLES_BYTES + PAIRS_BYTES + column % 32 / 16 * DType.PANEL_ROWS + lane);
            default -> throw new IllegalStateException(dtype + " has no scales");
        };
    }

    /** @return what is subtracted from the scaled integer at that place, of a format with minima */
    public float minimum(final int row, final int column) {
        final long part = partOffset(row, column);
        final int lane = row % DType.PANEL_ROWS;
        return switch (dtype) {
            case Q4_K -> Half.toFloat(bytes.get(SHORT, blockOffset(row, column) + F16_ROW_BYTES + lane * 2L))
                    * unsigned(part + NIBBLES_BYTES + DType.PANEL_ROWS + lane);
            case Q4_M -> bytes.get(FLOAT, part + NIBBLES_BYTES + F32_ROW_BYTES + lane * 4L);
            case Q8_M -> bytes.get(FLOAT, part + INT8S_BYTES + (2 + column % 32 / 16) * F32_ROW_BYTES + lane * 4L);
            default -> throw new IllegalStateException(dtype + " has no minima");
        };
    }

    private long blockOffset(final int row, final int column) {
        return row / DType.PANEL_ROWS * panelBytes() + (long) (column / dtype.blockColumns()) * dtype.panelBlockBytes();
    }

    /** @return where the 32 columns around {@code column} begin */
    private long partOffset(final int row, final int column) {
        return blockOffset(row, column) + switch (dtype) {
            case Q4_K -> SUPER_HEAD_BYTES + column % 256 / 32 * SUPER_PART_BYTES;
            case Q6_K -> F16_ROW_BYTES + column % 256 / 32 * SIX_PART_BYTES;
            default -> 0;
        };
    }

    private static long quadOffset(final int column, final int lane) {
        return column / 4 * (4L * DType.PANEL_ROWS) + lane * 4L + column % 4;
    }

    private int nibble(final long part, final int column, final int lane) {
        final int pair = bytes.get(ValueLayout.JAVA_BYTE, part + quadOffset(column % 16, lane));
        return column < 16 ? pair & 0xF : (pair >> 4) & 0xF;
    }

    private int pair(final long pairs, final int column, final int lane) {
        final int four = bytes.get(ValueLayout.JAVA_BYTE, pairs + quadOffset(column / 16 * 4 + column % 4, lane));
        return four >> column % 16 / 4 * 2 & 3;
    }

    private int unsigned(final long at) {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, at));
    }

    /** Copies one row, for instance a token's embedding, into {@code out} from {@code outOffset} on. */
    public void readRow(final int row, final float[] out, final int outOffset) {
        if (dtype.isInteger()) {
            readGroups(row, out, outOffset);
            return;
        }
        for (int column = 0; column < columns; column++) {
            out[outOffset + column] = at(row, column);
        }
    }

    /** What {@link #at} gives, with scale and minimum read once per group. */
    private void readGroups(final int row, final float[] out, final int outOffset) {
        final int group = dtype.groupColumns();
        for (int from = 0; from < columns; from += group) {
            final float scale = scale(row, from);
            final float minimum = dtype.hasMinimum() ? minimum(row, from) : 0;
            final long part = partOffset(row, from);
            for (int column = from; column < from + group; column++) {
                final float value = integerAt(part, row % DType.PANEL_ROWS, column) * scale;
                out[outOffset + column] = dtype.hasMinimum() ? value - minimum : value;
            }
        }
    }
}
