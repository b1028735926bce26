package io.spillway.node.stored;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.MatrixPacker;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.StoredMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Packing moves weights and changes none: of any bytes, of every format, in any order of rows. */
class PackingTest {
    @Provide
    Arbitrary<TensorType> types() {
        return Arbitraries.of(Arrays.stream(TensorType.values()).filter(StoredRows::reads).toList());
    }

    /** Asserts that every element reads the same before and after. */
    static void assertPackedAsStored(final StoredMatrix stored, final boolean expand) {
        final DType target = expand ? DType.F32 : stored.packedAs();
        final int rows = stored.rows();
        final MatrixPacker.RowOrder reversed = row -> rows - 1 - row;
        try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(target, rows, stored.columns()))) {
            final PackedMatrix packed = new PackedMatrix(target, rows, stored.columns(), slab.segment());
            for (int strip = 0; strip < packed.strips(); strip++) {
                MatrixPacker.packStrip(stored, reversed, packed, strip);
            }
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < stored.columns(); column++) {
                    final float expected = stored.at(rows - 1 - row, column);
                    final float actual = packed.at(row, column);
                    if (Float.compare(actual, expected) != 0 && actual != expected) { // zeros of both signs are one number
                        assertThat(actual).as("row %d, column %d of %s", row, column, target).isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Property(tries = 300)
    void packingKeepsEveryValue(@ForAll final long seed, @ForAll("types") final TensorType type, @ForAll final boolean expand,
            @ForAll @IntRange(min = 1, max = 130) final int rows, @ForAll @IntRange(min = 1, max = 4) final int blocks) {
        final int columns = type.blockElements() == 1 ? blocks * 13 : blocks * type.blockElements();
        final byte[] bytes = new byte[(int) (rows * type.bytesOf(columns))];
        new Random(seed).nextBytes(bytes);
        assertPackedAsStored(StoredRows.of(MemorySegment.ofArray(bytes), type, rows, columns).orElseThrow(), expand);
    }
}
