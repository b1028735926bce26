package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import java.lang.foreign.MemorySegment;

/**
 * Blocks of 32 columns with one scale: eight bits (Q8_0), four (Q4_0, Q4_1) and five (Q5_0, Q5_1). Scale {@code d} and offset
 * {@code m} are halves; {@code q} is a column's integer:
 *
 * <pre>
 * Q8_0  d, int8 q[32]                        d · q
 * Q4_0  d, nibbles q                         d · (q − 8)
 * Q4_1  d, m, nibbles q                      d · q + m
 * Q5_0  d, 32 fifth bits, nibbles            d · (q − 16)
 * Q5_1  d, m, 32 fifth bits, nibbles         d · q + m
 * </pre>
 *
 * <p>Nibbles: byte j of 16 holds column j (low) and column 16 + j (high). {@code d · q} has at most 19 bits and is exact; the
 * sum with {@code m} is rounded to F32 once.
 */
enum SmallBlocks implements RowFormat {
    Q8_0(DType.Q8_0, 34) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            return Bytes.f16(stored, block) * Bytes.signed(stored, block + 2 + column);
        }

        @Override
        void read(final MemorySegment stored, final long block, final StoredBlock into) {
            into.halves()[0] = Bytes.half(stored, block);
            for (int q = 0; q < 8; q++) {
                into.words()[q] = Bytes.word(stored, block + 2 + 4 * q);
            }
        }
    },
    Q4_0(DType.Q4_0, 18) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            return Bytes.f16(stored, block) * (Bytes.nibble(stored, block + 2, column) - 8);
        }

        @Override
        void read(final MemorySegment stored, final long block, final StoredBlock into) {
            into.halves()[0] = Bytes.half(stored, block);
            nibbles(stored, block + 2, into);
        }
    },
    Q4_1(DType.Q4_M, 20) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            return Bytes.f16(stored, block) * Bytes.nibble(stored, block + 4, column) + Bytes.f16(stored, block + 2);
        }

        @Override
        void read(final MemorySegment stored, final long block, final StoredBlock into) {
            into.scale(Bytes.f16(stored, block));
            into.minimum(-Bytes.f16(stored, block + 2));
            nibbles(stored, block + 4, into);
        }
    },
    Q5_0(DType.Q8_G, 22) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            return Bytes.f16(stored, block) * (five(stored, block + 2, column) - 16);
        }

        @Override
        void read(final MemorySegment stored, final long block, final StoredBlock into) {
            into.scale(Bytes.f16(stored, block));
            for (int q = 0; q < 8; q++) {
                into.words()[q] = Bytes.minus(fives(stored, block + 2, q), 16);
            }
        }
    },
    Q5_1(DType.Q8_M, 24) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            return Bytes.f16(stored, block) * five(stored, block + 4, column) + Bytes.f16(stored, block + 2);
        }

        @Override
        void read(final MemorySegment stored, final long block, final StoredBlock into) {
            into.scale(Bytes.f16(stored, block));
            into.minimum(-Bytes.f16(stored, block + 2));
            for (int q = 0; q < 8; q++) {
                into.words()[q] = fives(stored, block + 4, q);
            }
        }
    };

    private final DType dtype;
    private final int blockBytes;

    SmallBlocks(final DType dtype, final int blockBytes) {
        this.dtype = dtype;
        this.blockBytes = blockBytes;
    }

    /** @return the element at {@code column}, 0 to 31, of the block at byte {@code block} */
    abstract float value(MemorySegment stored, long block, int column);

    abstract void read(MemorySegment stored, long block, StoredBlock into);

    private static void nibbles(final MemorySegment stored, final long at, final StoredBlock into) {
        for (int q = 0; q < 4; q++) {
            into.words()[q] = Bytes.word(stored, at + 4 * q);
        }
    }

    /** @return the five bits of a column; 4 bytes of fifth bits at {@code at}, then the nibbles */
    private static int five(final MemorySegment stored, final long at, final int column) {
        return Bytes.nibble(stored, at + 4, column) | (Bytes.word(stored, at) >>> column & 1) << 4;
    }

    /** @return the five bits of columns 4q … 4q + 3 */
    private static int fives(final MemorySegment stored, final long at, final int q) {
        final int pairs = Bytes.word(stored, at + 4 + q % 4 * 4);
        return (q < 4 ? pairs : pairs >>> 4) & Bytes.NIBBLES | Bytes.spread(Bytes.word(stored, at) >>> 4 * q) << 4;
    }

    @Override
    public final DType packedAs() {
        return dtype;
    }

    @Override
    public final long rowBytes(final int columns) {
        return columns / StoredBlock.COLUMNS * (long) blockBytes;
    }

    @Override
    public final float at(final MemorySegment stored, final long row, final int column) {
        return value(stored, row + rowBytes(column), column % StoredBlock.COLUMNS);
    }

    @Override
    public final void read(final MemorySegment stored, final long row, final int column, final int count, final StoredBlock into) {
        read(stored, row + rowBytes(column), into);
    }
}
