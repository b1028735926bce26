package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import java.lang.foreign.MemorySegment;

/**
 * Blocks of 256 columns in which small scales, themselves integers, share half-precision ones. With {@code d}, {@code dmin}
 * halves, {@code s} and {@code m} the small scale and minimum of a part, {@code q} a column's integer:
 *
 * <pre>
 * Q2_K  16 parts: s | m &lt;&lt; 4 in [16]; 2 bits in [64]; d, dmin           (d · s) · q − dmin · m
 * Q3_K  16 parts: third bits in [32]; 2 bits in [64]; s in [12]; d       (d · (s − 32)) · (q − 4)
 * Q4_K  8 parts: d, dmin; s, m of 6 bits in [12]; nibbles in [128]       (d · s) · q − dmin · m
 * Q5_K  like Q4_K, fifth bits in [32] before the nibbles                 likewise
 * Q6_K  16 parts: low nibbles in [128]; high pairs in [64]; int8 s [16]; d   (d · s) · (q − 32)
 * </pre>
 *
 * <p>{@code d · s} (at most 19 bits) and its product with q (at most 23) are exact in F32; the difference is rounded once.
 */
enum SuperBlocks implements RowFormat {
    Q2_K(DType.Q8_M, 84) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            final int part = Bytes.unsigned(stored, block + column / 16);
            final int q = Bytes.unsigned(stored, block + 16 + pairAt(column)) >> pairShift(column) & 3;
            return Bytes.f16(stored, block + 80) * (part & 0xF) * q - Bytes.f16(stored, block + 82) * (part >> 4);
        }

        @Override
        void read(final MemorySegment stored, final long block, final int column, final StoredBlock into) {
            for (int g = 0; g < 2; g++) {
                final int part = Bytes.unsigned(stored, block + column / 16 + g);
                into.scales()[g] = Bytes.f16(stored, block + 80) * (part & 0xF);
                into.minima()[g] = Bytes.f16(stored, block + 82) * (part >> 4);
            }
            for (int q = 0; q < 8; q++) {
                into.words()[q] = Bytes.word(stored, block + 16 + pairAt(column) + 4 * q) >>> pairShift(column) & PAIRS;
            }
        }
    },
    Q3_K(DType.Q6_K, 110) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            final int low = Bytes.unsigned(stored, block + 32 + pairAt(column)) >> pairShift(column) & 3;
            final int high = Bytes.unsigned(stored, block + column % 32) >> column / 32 & 1;
            return Bytes.f16(stored, block + 108) * scale3(stored, block + 96, column / 16) * ((low | high << 2) - 4);
        }

        @Override
        void read(final MemorySegment stored, final long block, final int column, final StoredBlock into) {
            into.halves()[0] = Bytes.half(stored, block + 108);
            for (int g = 0; g < COLUMNS / 16; g++) {
                into.parts()[g] = (byte) scale3(stored, block + 96, g);
            }
            for (int q = 0; q < COLUMNS / 4; q++) {
                final int at = 4 * q;
                final int low = Bytes.word(stored, block + 32 + pairAt(at)) >>> pairShift(at) & PAIRS;
                final int high = Bytes.word(stored, block + at % 32) >>> at / 32 & Bytes.ONES;
                into.words()[q] = (low | high << 2) + SIX_LESS_THREE; // no byte carries: at most 7 + 28
            }
        }
    },
    Q4_K(DType.Q4_K, 144) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            return linear(stored, block, column / 32, nibble(stored, block + 16, column));
        }

        /** All 256 columns. File: 64 columns are 32 bytes, low nibbles first; packed: 32 columns are 16 bytes. */
        @Override
        void read(final MemorySegment stored, final long block, final int column, final StoredBlock into) {
            into.halves()[0] = Bytes.half(stored, block);
            into.halves()[1] = Bytes.half(stored, block + 2);
            for (int part = 0; part < StoredBlock.SUPER_PARTS; part++) {
                into.parts()[part] = (byte) partScale(stored, block + 4, part);
                into.parts()[StoredBlock.SUPER_PARTS + part] = (byte) partMinimum(stored, block + 4, part);
            }
            for (int pair = 0; pair < StoredBlock.SUPER_PARTS / 2; pair++) {
                for (int q = 0; q < 4; q++) {
                    final int first = Bytes.word(stored, block + 16 + 32 * pair + 4 * q);
                    final int second = Bytes.word(stored, block + 32 + 32 * pair + 4 * q);
                    into.words()[8 * pair + q] = first & Bytes.NIBBLES | (second & Bytes.NIBBLES) << 4;
                    into.words()[8 * pair + 4 + q] = first >>> 4 & Bytes.NIBBLES | second & Bytes.NIBBLES << 4;
                }
            }
        }
    },
    Q5_K(DType.Q8_M, 176) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            final int high = Bytes.unsigned(stored, block + 16 + column % 32) >> column / 32 & 1;
            return linear(stored, block, column / 32, nibble(stored, block + 48, column) | high << 4);
        }

        @Override
        void read(final MemorySegment stored, final long block, final int column, final StoredBlock into) {
            into.scale(Bytes.f16(stored, block) * partScale(stored, block + 4, column / 32));
            into.minimum(Bytes.f16(stored, block + 2) * partMinimum(stored, block + 4, column / 32));
            for (int q = 0; q < 8; q++) {
                final int pairs = Bytes.word(stored, block + 48 + column / 64 * 32 + 4 * q);
                final int high = Bytes.word(stored, block + 16 + 4 * q) >>> column / 32 & Bytes.ONES;
                into.words()[q] = pairs >>> column / 32 % 2 * 4 & Bytes.NIBBLES | high << 4;
            }
        }
    },
    Q6_K(DType.Q6_K, 210) {
        @Override
        float value(final MemorySegment stored, final long block, final int column) {
            final int low = Bytes.unsigned(stored, block + sixAt(column) + column % 32) >> sixShift(column) & 0xF;
            final int high = Bytes.unsigned(stored, block + 128 + pairAt(column)) >> pairShift(column) & 3;
            return Bytes.f16(stored, block + 208) * Bytes.signed(stored, block + 192 + column / 16) * ((low | high << 4) - 32);
        }

        @Override
        void read(final MemorySegment stored, final long block, final int column, final StoredBlock into) {
            into.halves()[0] = Bytes.half(stored, block + 208);
            for (int g = 0; g < COLUMNS / 16; g++) {
                into.parts()[g] = (byte) Bytes.signed(stored, block + 192 + g);
            }
            for (int q = 0; q < COLUMNS / 4; q++) {
                final int at = 4 * q;
                final int low = Bytes.word(stored, block + sixAt(at) + at % 32) >>> sixShift(at) & Bytes.NIBBLES;
                final int high = Bytes.word(stored, block + 128 + pairAt(at)) >>> pairShift(at) & PAIRS;
                into.words()[q] = low | high << 4;
            }
        }
    };

    /** Columns of a block. */
    static final int COLUMNS = 256;
    private static final int PAIRS = 0x03030303;
    /** What is subtracted from Q6_K's integers less what is subtracted from Q3_K's, in every byte. */
    private static final int SIX_LESS_THREE = 0x1C1C1C1C;

    private final DType dtype;
    private final int blockBytes;

    SuperBlocks(final DType dtype, final int blockBytes) {
        this.dtype = dtype;
        this.blockBytes = blockBytes;
    }

    /** @return the element at {@code column}, 0 to 255, of the block at byte {@code block} */
    abstract float value(MemorySegment stored, long block, int column);

    /** Decodes 32 columns, of what is packed in blocks of 256 all. */
    abstract void read(MemorySegment stored, long block, int column, StoredBlock into);

    // Pairs of bits: 128 columns are 32 bytes, in which columns 32 apart share a byte, lowest first.
    private static int pairAt(final int column) {
        return column / 128 * 32 + column % 32;
    }

    private static int pairShift(final int column) {
        return column / 32 % 4 * 2;
    }

    // Low nibbles of Q6_K: 128 columns are 64 bytes, in which columns 64 apart share a byte.
    private static int sixAt(final int column) {
        return column / 128 * 64 + column / 32 % 2 * 32;
    }

    private static int sixShift(final int column) {
        return column / 64 % 2 * 4;
    }

    private static int nibble(final MemorySegment stored, final long at, final int column) {
        return Bytes.unsigned(stored, at + column / 64 * 32 + column % 32) >> column / 32 % 2 * 4 & 0xF;
    }

    private static float linear(final MemorySegment stored, final long block, final int part, final int q) {
        return Bytes.f16(stored, block) * partScale(stored, block + 4, part) * q
                - Bytes.f16(stored, block + 2) * partMinimum(stored, block + 4, part);
    }

    /** Six bits of scale {@code part} of 8: parts 0–3 whole in bytes 0–3; 4–7 low in bytes 8–11, their high pair on top of bytes 0–3. */
    private static int partScale(final MemorySegment stored, final long at, final int part) {
        return part < 4 ? Bytes.unsigned(stored, at + part) & 63
                : Bytes.unsigned(stored, at + part + 4) & 0xF | Bytes.unsigned(stored, at + part - 4) >> 6 << 4;
    }

    /** Likewise: 0–3 in bytes 4–7; 4–7 in the high nibbles of bytes 8–11 and on top of bytes 4–7. */
    private static int partMinimum(final MemorySegment stored, final long at, final int part) {
        return part < 4 ? Bytes.unsigned(stored, at + part + 4) & 63
                : Bytes.unsigned(stored, at + part + 4) >> 4 | Bytes.unsigned(stored, at + part) >> 6 << 4;
    }

    /** Q3_K: sixteen scales of 6 bits, biased by 32: nibbles in 8 bytes (0–7 low, 8–15 high), then pairs, 4 to a byte, columns of 4. */
    private static int scale3(final MemorySegment stored, final long at, final int part) {
        final int low = Bytes.unsigned(stored, at + part % 8) >> part / 8 * 4 & 0xF;
        final int high = Bytes.unsigned(stored, at + 8 + part % 4) >> part / 4 * 2 & 3;
        return (low | high << 4) - 32;
    }

    @Override
    public final DType packedAs() {
        return dtype;
    }

    @Override
    public final long rowBytes(final int columns) {
        return columns / COLUMNS * (long) blockBytes;
    }

    @Override
    public final float at(final MemorySegment stored, final long row, final int column) {
        return value(stored, row + rowBytes(column), column % COLUMNS);
    }

    @Override
    public final void read(final MemorySegment stored, final long row, final int column, final int count, final StoredBlock into) {
        read(stored, row + rowBytes(column), column % COLUMNS, into);
    }
}
