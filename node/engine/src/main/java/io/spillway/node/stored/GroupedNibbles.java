package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import io.spillway.node.compute.StoredMatrix;

/**
 * Four-bit integers of GPTQ and AWQ: the element at (row, column) is {@code scale · (q − zero)} with the scale and zero of the
 * column's group. Both files keep the transposed matrix, {@code [columns][rows]}. With 16-bit scales every number is exact;
 * an F32 scale's product with the zero is rounded once.
 *
 * <p>Packed as {@code scale · q − minimum} where groups are runs of a multiple of 32 columns; as F32 where an act-order file
 * assigns columns to groups one by one, which takes 32 bits a weight and computes with exact weights.
 */
final class GroupedNibbles implements StoredMatrix {
    /** Where the integers are. */
    interface Nibbles {
        /** @return integers of columns {@code column} (a multiple of 32) to + 31 of a row, as {@link StoredBlock} packs nibbles */
        void read(int row, int column, int[] words);

        /** @return one integer, 0 to 15 */
        int at(int row, int column);
    }

    /**
     * Groups of columns.
     *
     * @param scales  {@code [groups][rows]}
     * @param zeros   {@code [groups][rows]}: integers 0 to 16
     * @param columns columns of a group; 0 when {@code index} says it
     * @param index   {@code [columns]}: the group of each column; empty when groups are runs
     */
    record Groups(float[] scales, byte[] zeros, int columns, int[] index) {
        int of(final int column) {
            return columns > 0 ? column / columns : index[column];
        }
    }

    private final int rows;
    private final int columns;
    private final Nibbles nibbles;
    private final Groups groups;

    GroupedNibbles(final int rows, final int columns, final Nibbles nibbles, final Groups groups) {
        this.rows = rows;
        this.columns = columns;
        this.nibbles = nibbles;
        this.groups = groups;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public DType packedAs() {
        return groups.columns() > 0 ? DType.Q4_M : DType.F32;
    }

    @Override
    public void read(final int row, final int column, final StoredBlock into) {
        if (groups.columns() == 0) {
            for (int i = 0; i < StoredBlock.COLUMNS; i++) {
                into.words()[i] = Float.floatToRawIntBits(at(row, column + i));
            }
            return;
        }
        final int group = groups.of(column) * rows + row;
        into.scale(groups.scales()[group]);
        into.minimum(groups.scales()[group] * groups.zeros()[group]);
        nibbles.read(row, column, into.words());
    }

    @Override
    public float at(final int row, final int column) {
        final int group = groups.of(column) * rows + row;
        final float scale = groups.scales()[group];
        return nibbles.at(row, column) * scale - scale * groups.zeros()[group];
    }
}
