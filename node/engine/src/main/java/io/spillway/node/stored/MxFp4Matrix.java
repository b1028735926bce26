package io.spillway.node.stored;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import io.spillway.node.compute.StoredMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Weights as gpt-oss's safetensors hold them: {@code X_blocks [experts][rows][groups][16]}, bytes of two e2m1 floats each, the
 * even column in the low nibble; and {@code X_scales [experts][rows][groups]}, the exponents. The numbers are those of
 * {@link TableBlocks#MXFP4}, in another order.
 *
 * @param rows    of all experts, one expert after the other
 * @param columns a multiple of 32
 */
record MxFp4Matrix(MemorySegment blocks, MemorySegment scales, int rows, int columns) implements StoredMatrix, MxFp4Rows {
    private static final String BLOCKS = "_blocks";
    private static final String SCALES = "_scales";
    private static final int GROUP_BYTES = StoredBlock.COLUMNS / 2;

    /** @return whether that tensor is stored so */
    static boolean stands(final ModelSource source, final String name) {
        return source.find(name + BLOCKS).isPresent();
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when blocks and scales contradict each other */
    static StoredTensor read(final ModelSource source, final String name) {
        final TensorEntry blocks = source.find(name + BLOCKS).orElseThrow();
        final TensorEntry scales = source.find(name + SCALES)
                .orElseThrow(() -> InvalidTensor.because(source, "tensor '" + name + BLOCKS + "' has no " + name + SCALES + " beside it"));
        final List<Long> expected = new ArrayList<>(scales.shape());
        expected.add((long) GROUP_BYTES);
        if (blocks.type() != TensorType.U8 || scales.type() != TensorType.U8 || scales.shape().size() < 2 || !blocks.shape().equals(expected)) {
            throw InvalidTensor.because(source, "blocks '" + blocks.name() + "' " + blocks.type() + " " + blocks.shapeText() + " and scales "
                    + scales.type() + " " + scales.shapeText() + " are no MXFP4 weight");
        }
        final int groups = StoredTensors.size(source, scales, scales.shape().getLast());
        final int columns = StoredTensors.size(source, blocks, (long) groups * StoredBlock.COLUMNS);
        final int rows = StoredTensors.size(source, scales, scales.elements() / groups);
        final List<Long> shape = new ArrayList<>(scales.shape().subList(0, scales.shape().size() - 1));
        shape.add((long) columns);
        return new StoredTensor(shape, List.of(blocks.name(), scales.name()),
                new MxFp4Matrix(source.tensor(blocks.name()), source.tensor(scales.name()), rows, columns));
    }

    @Override
    public DType packedAs() {
        return TableBlocks.MXFP4.packedAs();
    }

    @Override
    public void read(final int row, final int column, final StoredBlock into) {
        final long group = group(row, column);
        into.scale(TableBlocks.exponentScale(Bytes.unsigned(scales, group)));
        for (int q = 0; q < StoredBlock.COLUMNS / 4; q++) {
            final int first = Bytes.unsigned(blocks, group * GROUP_BYTES + 2L * q);
            final int second = Bytes.unsigned(blocks, group * GROUP_BYTES + 2L * q + 1);
            into.words()[q] = number(first) | number(first >>> 4) << 8 | number(second) << 16 | number(second >>> 4) << 24;
        }
    }

    @Override
    public float at(final int row, final int column) {
        final long group = group(row, column);
        final int pair = Bytes.unsigned(blocks, group * GROUP_BYTES + column % StoredBlock.COLUMNS / 2);
        return TableBlocks.exponentScale(Bytes.unsigned(scales, group)) * (byte) number(pair >>> 4 * (column % 2));
    }

    /** The exponent first; byte j holds columns j and 16 + j instead of neighbours. */
    @Override
    public void copyRow(final int row, final MemorySegment target, final long at) {
        for (int column = 0; column < columns; column += StoredBlock.COLUMNS) {
            final long group = group(row, column);
            final long block = at + TensorType.MXFP4.bytesOf(column);
            target.set(ValueLayout.JAVA_BYTE, block, (byte) Bytes.unsigned(scales, group));
            for (int j = 0; j < GROUP_BYTES; j++) {
                target.set(ValueLayout.JAVA_BYTE, block + 1 + j, (byte) (code(group, j) | code(group, GROUP_BYTES + j) << 4));
            }
        }
    }

    private int code(final long group, final int column) {
        return Bytes.unsigned(blocks, group * GROUP_BYTES + column / 2) >>> 4 * (column % 2) & 0xF;
    }

    private long group(final int row, final int column) {
        return (long) row * (columns / StoredBlock.COLUMNS) + column / StoredBlock.COLUMNS;
    }

    private static int number(final int nibble) {
        return TableBlocks.MXFP4.number(nibble & 0xF) & 0xFF;
    }
}
