package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.StoredBlock;
import java.lang.foreign.MemorySegment;

/** F32, F16 and BF16: elements one behind the other. */
enum FloatRows implements RowFormat {
    F32(DType.F32, Float.BYTES) {
        @Override
        public float at(final MemorySegment stored, final long row, final int column) {
            return Float.intBitsToFloat(Bytes.word(stored, row + column * 4L));
        }
    },
    F16(DType.F16, Short.BYTES) {
        @Override
        public float at(final MemorySegment stored, final long row, final int column) {
            return Bytes.f16(stored, row + column * 2L);
        }
    },
    BF16(DType.BF16, Short.BYTES) {
        @Override
        public float at(final MemorySegment stored, final long row, final int column) {
            return Half.bf16ToFloat(Bytes.half(stored, row + column * 2L));
        }
    };

    private final DType dtype;
    private final int elementBytes;

    FloatRows(final DType dtype, final int elementBytes) {
        this.dtype = dtype;
        this.elementBytes = elementBytes;
    }

    @Override
    public DType packedAs() {
        return dtype;
    }

    @Override
    public long rowBytes(final int columns) {
        return (long) columns * elementBytes;
    }

    @Override
    public void read(final MemorySegment stored, final long row, final int column, final int count, final StoredBlock into) {
        final int length = Math.min(count, StoredBlock.COLUMNS);
        final int[] words = into.words();
        final long at = row + (long) column * elementBytes;
        if (elementBytes == Float.BYTES) {
            for (int i = 0; i < length; i++) {
                words[i] = Bytes.word(stored, at + i * 4L);
            }
        } else {
            for (int i = 0; i < length; i++) {
                words[i] = Bytes.half(stored, at + i * 2L);
            }
        }
    }
}
