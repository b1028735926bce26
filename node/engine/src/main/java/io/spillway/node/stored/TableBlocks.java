package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import java.lang.foreign.MemorySegment;

/**
 * Blocks of 32 nibbles that are places in a table of 16 numbers: IQ4_NL (a half {@code d}, uneven steps) and MXFP4 (e2m1
 * floats and an exponent byte: the OCP Microscaling format). Packed as int8 with F32 scales: exact, since every product has at
 * most 19 bits. MXFP4's numbers are held doubled, with half the scale: 2^(e − 128).
 */
enum TableBlocks implements RowFormat {
    IQ4_NL(18, 2, new byte[] {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}) {
        @Override
        float scale(final MemorySegment stored, final long block) {
            return Bytes.f16(stored, block);
        }
    },
    MXFP4(17, 1, new byte[] {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}) {
        @Override
        float scale(final MemorySegment stored, final long block) {
            return exponentScale(Bytes.unsigned(stored, block));
        }
    };

    private static final int SUBNORMAL = 0x00200000; // 2^−128

    private final int blockBytes;
    private final int headBytes;
    private final byte[] table;

    TableBlocks(final int blockBytes, final int headBytes, final byte[] table) {
        this.blockBytes = blockBytes;
        this.headBytes = headBytes;
        this.table = table;
    }

    /** @return 2^(exponent − 128), which doubled e2m1 numbers are multiplied by */
    static float exponentScale(final int exponent) {
        return Float.intBitsToFloat(exponent < 2 ? SUBNORMAL << exponent : exponent - 1 << 23);
    }

    /** @return what that place of the table holds */
    byte number(final int place) {
        return table[place];
    }

    abstract float scale(MemorySegment stored, long block);

    @Override
    public DType packedAs() {
        return DType.Q8_G;
    }

    @Override
    public long rowBytes(final int columns) {
        return columns / StoredBlock.COLUMNS * (long) blockBytes;
    }

    @Override
    public float at(final MemorySegment stored, final long row, final int column) {
        final long block = row + rowBytes(column);
        return scale(stored, block) * table[Bytes.nibble(stored, block + headBytes, column % StoredBlock.COLUMNS)];
    }

    @Override
    public void read(final MemorySegment stored, final long row, final int column, final int count, final StoredBlock into) {
        final long block = row + rowBytes(column);
        into.scale(scale(stored, block));
        for (int q = 0; q < 4; q++) {
            final int pairs = Bytes.word(stored, block + headBytes + 4 * q);
            into.words()[q] = look(pairs);
            into.words()[q + 4] = look(pairs >>> 4);
        }
    }

    /** @return the numbers of the low nibble of each byte */
    private int look(final int pairs) {
        return table[pairs & 0xF] & 0xFF | (table[pairs >>> 8 & 0xF] & 0xFF) << 8 | (table[pairs >>> 16 & 0xF] & 0xFF) << 16
                | table[pairs >>> 24 & 0xF] << 24;
    }
}
