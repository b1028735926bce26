package io.spillway.node.compute;

import static io.spillway.node.compute.PackedMatrix.FLOAT;
import static io.spillway.node.compute.PackedMatrix.SHORT;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * Rearranges a stored row-major matrix (the layout of GGUF and safetensors) into a {@link PackedMatrix}. Values are not
 * changed, unless the caller asks for F32, which every format converts to exactly.
 *
 * <p>Stateless; disjoint strips may be packed by different threads.
 */
public final class MatrixPacker {
    private static final int LANES = DType.PANEL_ROWS;
    private static final int QUANT_BLOCK_BYTES = 34;
    private static final int NIBBLE_BLOCK_BYTES = 18;
    private static final int BLOCK_COLUMNS = 32;

    private MatrixPacker() {
    }

    /** Row {@code r} of the packed matrix is row {@code sourceRow(r)} of the stored one. */
    @FunctionalInterface
    public interface RowOrder {
        /** Rows stay where they are. */
        RowOrder SAME = row -> row;

        /** @return the stored row that becomes {@code row} */
        int sourceRow(int row);
    }

    /** @return bytes of a stored row-major row */
    public static long storedRowBytes(final DType dtype, final int columns) {
        return switch (dtype) {
            case F32 -> columns * 4L;
            case F16, BF16 -> columns * 2L;
            case Q8_0 -> columns / BLOCK_COLUMNS * (long) QUANT_BLOCK_BYTES;
            case Q4_0 -> columns / BLOCK_COLUMNS * (long) NIBBLE_BLOCK_BYTES;
            default -> throw new IllegalArgumentException("no file stores " + dtype + " row by row");
        };
    }

    /**
     * Packs one strip.
     *
     * @param stored rows of {@code storedType} in row-major order
     * @param target zeroed; of {@code storedType}, or F32
     */
    public static void packStrip(final MemorySegment stored, final DType storedType, final RowOrder order,
            final PackedMatrix target, final int strip) {
        final int first = strip * PackedMatrix.STRIP_ROWS;
        for (int row = first; row < first + target.stripRows(strip); row++) {
            final long source = order.sourceRow(row) * storedRowBytes(storedType, target.columns());
            final long panel = row / LANES * target.panelBytes();
            if (target.dtype() == DType.F32) {
                expandRow(stored, storedType, source, target, panel + row % LANES * 4L);
            } else if (target.dtype() == storedType) {
                copyRow(stored, source, target, panel, row % LANES);
            } else {
                throw new IllegalArgumentException("cannot pack " + storedType + " as " + target.dtype());
            }
        }
    }

    private static void expandRow(final MemorySegment stored, final DType storedType, final long source,
            final PackedMatrix target, final long at) {
        for (int column = 0; column < target.columns(); column++) {
            target.bytes().set(FLOAT, at + column * (long) LANES * 4, storedValue(stored, storedType, source, column));
        }
    }

    /** @return the exact value of an element of a stored row that starts at byte {@code row} */
    public static float storedValue(final MemorySegment stored, final DType dtype, final long row, final int column) {
        return switch (dtype) {
            case F32 -> stored.get(FLOAT, row + column * 4L);
            case F16 -> Half.toFloat(stored.get(SHORT, row + column * 2L));
            case BF16 -> Half.bf16ToFloat(stored.get(SHORT, row + column * 2L));
            case Q8_0 -> {
                final long block = row + column / BLOCK_COLUMNS * (long) QUANT_BLOCK_BYTES;
                yield stored.get(JAVA_BYTE, block + 2 + column % BLOCK_COLUMNS) * Half.toFloat(stored.get(SHORT, block));
            }
            case Q4_0 -> {
                final long block = row + column / BLOCK_COLUMNS * (long) NIBBLE_BLOCK_BYTES;
                final int pair = stored.get(JAVA_BYTE, block + 2 + column % 16);
                final int nibble = column % BLOCK_COLUMNS < 16 ? pair & 0xF : (pair >> 4) & 0xF;
                yield (nibble - 8) * Half.toFloat(stored.get(SHORT, block));
            }
            default -> throw new IllegalArgumentException("no file stores " + dtype + " row by row");
        };
    }

    private static void copyRow(final MemorySegment stored, final long source, final PackedMatrix target, final long panel,
            final int lane) {
        switch (target.dtype()) {
            case F16, BF16 -> {
                for (int column = 0; column < target.columns(); column++) {
                    target.bytes().set(SHORT, panel + (column * (long) LANES + lane) * 2, stored.get(SHORT, source + column * 2L));
                }
            }
            case Q8_0, Q4_0 -> copyBlocks(stored, source, target, panel, lane);
            default -> throw new IllegalArgumentException("rows of " + target.dtype() + " are not copied");
        }
    }

    /** Rows of integers: groups of 4 payload bytes go 64 apart, then the scale behind the block's payload. */
    private static void copyBlocks(final MemorySegment stored, final long source, final PackedMatrix target, final long panel,
            final int lane) {
        final int payloadBytes = (target.dtype() == DType.Q8_0 ? QUANT_BLOCK_BYTES : NIBBLE_BLOCK_BYTES) - Short.BYTES;
        final int blockBytes = target.dtype().panelBlockBytes();
        for (int b = 0; b < target.columns() / BLOCK_COLUMNS; b++) {
            final long from = source + b * (long) (payloadBytes + Short.BYTES);
            final long to = panel + b * (long) blockBytes;
            for (int j = 0; j < payloadBytes; j++) {
                target.bytes().set(JAVA_BYTE, to + j / 4 * (4L * LANES) + lane * 4L + j % 4, stored.get(JAVA_BYTE, from + 2 + j));
            }
            target.bytes().set(SHORT, to + payloadBytes * (long) LANES + lane * 2L, stored.get(SHORT, from));
        }
    }
}
