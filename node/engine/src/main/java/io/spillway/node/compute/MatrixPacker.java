package io.spillway.node.compute;

import static io.spillway.node.compute.PackedMatrix.FLOAT;
import static io.spillway.node.compute.PackedMatrix.SHORT;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Rearranges a stored row-major matrix (the layout of GGUF and safetensors) into a {@link PackedMatrix}. Values are not
 * changed, unless the caller asks for F32, which every format converts to exactly.
 *
 * <p>Stateless; disjoint strips may be packed by different threads.
 */
public final class MatrixPacker {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LANES = DType.PANEL_ROWS;
    private static final long QUAD_STEP_BYTES = 4L * LANES;
    private static final int NIBBLES = 0x0F0F0F0F;
    private static final int PAIRS = 0x03030303;

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

    /**
     * Packs one strip. The target may have fewer rows than the stored matrix: {@code order} chooses them.
     *
     * @param target zeroed; of {@code stored.packedAs()}, or F32
     */
    public static void packStrip(final StoredMatrix stored, final RowOrder order, final PackedMatrix target, final int strip) {
        if (target.columns() != stored.columns()) {
            throw new IllegalArgumentException("cannot pack " + stored.columns() + " columns as " + target.columns());
        }
        final int first = strip * PackedMatrix.STRIP_ROWS;
        final int end = first + target.stripRows(strip);
        final Piece piece = new Piece(target);
        for (int panel = first; panel < end; panel += LANES) {
            final int[] sources = new int[Math.min(LANES, end - panel)];
            for (int lane = 0; lane < sources.length; lane++) {
                sources[lane] = order.sourceRow(panel + lane);
            }
            if (target.dtype() == stored.packedAs()) {
                piece.copyPanel(stored, sources, panel / LANES * target.panelBytes());
            } else if (target.dtype() == DType.F32) {
                expandPanel(stored, sources, target, panel / LANES * target.panelBytes());
            } else {
                throw new IllegalArgumentException("cannot pack " + stored.packedAs() + " as " + target.dtype());
            }
        }
    }

    private static void expandPanel(final StoredMatrix stored, final int[] sources, final PackedMatrix target, final long panel) {
        for (int column = 0; column < target.columns(); column++) {
            for (int lane = 0; lane < sources.length; lane++) {
                target.bytes().set(FLOAT, panel + (column * (long) LANES + lane) * Float.BYTES, stored.at(sources[lane], column));
            }
        }
    }

    /** Spreads pieces of rows over the lanes of a panel, column by column so that the panel is written front to back. */
    private static final class Piece {
        private final StoredBlock block = new StoredBlock();
        private final PackedMatrix target;
        private final MemorySegment bytes;
        private final int pieceColumns;

        Piece(final PackedMatrix target) {
            this.target = target;
            bytes = target.bytes();
            pieceColumns = Math.max(StoredBlock.COLUMNS, target.dtype().blockColumns());
        }

        void copyPanel(final StoredMatrix stored, final int[] sources, final long panel) {
            final int columns = target.columns();
            for (int column = 0; column < columns; column += pieceColumns) {
                final int count = Math.min(pieceColumns, columns - column);
                final long at = panel + target.dtype().panelBytes(column);
                for (int lane = 0; lane < sources.length; lane++) {
                    stored.read(sources[lane], column, block);
                    write(at, lane, count);
                }
            }
        }

        private void write(final long at, final int lane, final int count) {
            switch (target.dtype()) {
                case F32 -> words(at + lane * 4L, count);
                case F16, BF16 -> shorts(at + lane * 2L, count);
                case F8 -> {
                    eights(at + lane);
                    floats(at + PackedMatrix.INT8S_BYTES, lane, block.scales(), 1);
                }
                case Q8_0 -> half(quads(at, lane, 0, 8), lane, 0);
                case Q4_0 -> half(quads(at, lane, 0, 4), lane, 0);
                case Q4_K -> superBlock(at, lane);
                case Q4_M -> floats(floats(quads(at, lane, 0, 4), lane, block.scales(), 1), lane, block.minima(), 1);
                case Q8_G -> floats(quads(at, lane, 0, 8), lane, block.scales(), 2);
                case Q8_M -> floats(floats(quads(at, lane, 0, 8), lane, block.scales(), 2), lane, block.minima(), 2);
                case Q6_K -> sixes(at, lane);
            }
        }

        private void words(final long at, final int count) {
            for (int i = 0; i < count; i++) {
                bytes.set(INT, at + i * QUAD_STEP_BYTES, block.words()[i]);
            }
        }

        private void shorts(final long at, final int count) {
            for (int i = 0; i < count; i++) {
                bytes.set(SHORT, at + i * (2L * LANES), (short) block.words()[i]);
            }
        }

        private void eights(final long at) {
            for (int i = 0; i < StoredBlock.COLUMNS; i++) {
                bytes.set(JAVA_BYTE, at + i * (long) LANES, (byte) (block.words()[i / 4] >>> 8 * (i % 4)));
            }
        }

        /** @return where what follows {@code count} quads of 16 rows begins */
        private long quads(final long at, final int lane, final int from, final int count) {
            for (int q = 0; q < count; q++) {
                bytes.set(INT, at + q * QUAD_STEP_BYTES + lane * 4L, block.words()[from + q]);
            }
            return at + count * QUAD_STEP_BYTES;
        }

        private long half(final long at, final int lane, final int index) {
            bytes.set(SHORT, at + lane * 2L, block.halves()[index]);
            return at + PackedMatrix.F16_ROW_BYTES;
        }

        private long floats(final long at, final int lane, final float[] values, final int count) {
            for (int g = 0; g < count; g++) {
                bytes.set(FLOAT, at + g * (long) PackedMatrix.F32_ROW_BYTES + lane * 4L, values[g]);
            }
            return at + count * (long) PackedMatrix.F32_ROW_BYTES;
        }

        private void superBlock(final long at, final int lane) {
            long part = half(half(at, lane, 0), lane, 1);
            for (int p = 0; p < StoredBlock.SUPER_PARTS; p++) {
                final long behind = quads(part, lane, 4 * p, 4);
                bytes.set(JAVA_BYTE, behind + lane, block.parts()[p]);
                bytes.set(JAVA_BYTE, behind + LANES + lane, block.parts()[StoredBlock.SUPER_PARTS + p]);
                part += PackedMatrix.SUPER_PART_BYTES;
            }
        }

        private void sixes(final long at, final int lane) {
            long part = half(at, lane, 0);
            for (int p = 0; p < StoredBlock.SUPER_PARTS; p++) {
                for (int q = 0; q < 4; q++) {
                    bytes.set(INT, part + q * QUAD_STEP_BYTES + lane * 4L,
                            block.words()[8 * p + q] & NIBBLES | (block.words()[8 * p + 4 + q] & NIBBLES) << 4);
                }
                final long pairs = part + PackedMatrix.NIBBLES_BYTES;
                final long scales = pairs + PackedMatrix.PAIRS_BYTES;
                for (int g = 0; g < 2; g++) {
                    bytes.set(INT, pairs + g * QUAD_STEP_BYTES + lane * 4L, pairs(8 * p + 4 * g));
                    bytes.set(JAVA_BYTE, scales + g * LANES + lane, block.parts()[2 * p + g]);
                }
                part += PackedMatrix.SIX_PART_BYTES;
            }
        }

        /** @return bits 4 and 5 of the bytes of four words */
        private int pairs(final int from) {
            int pairs = 0;
            for (int q = 0; q < 4; q++) {
                pairs |= (block.words()[from + q] >>> 4 & PAIRS) << 2 * q;
            }
            return pairs;
        }
    }
}
