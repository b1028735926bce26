package io.spillway.node.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Packing moves weights and changes none. */
class PackedMatrixTest {
    /** Formats that a file stores row by row under the same name. */
    @Provide
    Arbitrary<DType> stored() {
        return Arbitraries.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0, DType.Q4_0);
    }

    @Property(tries = 80)
    void packingKeepsEveryValue(@ForAll final long seed, @ForAll("stored") final DType dtype, @ForAll final boolean expand,
            @ForAll @IntRange(min = 1, max = 130) final int rows, @ForAll @IntRange(min = 1, max = 4) final int blocks) {
        final int columns = blocks * Math.max(3, dtype.blockColumns());
        final byte[] bytes = new byte[(int) (rows * MatrixPacker.storedRowBytes(dtype, columns))];
        new Random(seed).nextBytes(bytes);
        final MemorySegment stored = MemorySegment.ofArray(bytes);
        final DType target = expand ? DType.F32 : dtype;
        final MatrixPacker.RowOrder reversed = row -> rows - 1 - row;
        try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(target, rows, columns))) {
            final PackedMatrix packed = new PackedMatrix(target, rows, columns, slab.segment());
            for (int strip = 0; strip < packed.strips(); strip++) {
                MatrixPacker.packStrip(stored, dtype, reversed, packed, strip);
            }
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    final float expected = MatrixPacker.storedValue(stored, dtype,
                            (rows - 1 - row) * MatrixPacker.storedRowBytes(dtype, columns), column);
                    assertThat(Float.floatToIntBits(packed.at(row, column))).isEqualTo(Float.floatToIntBits(expected));
                }
            }
        }
    }

    @Test
    void impossibleShapesAreRefused() {
        try (Slab slab = Slab.allocate(64)) {
            assertThatThrownBy(() -> new PackedMatrix(DType.Q8_0, 16, 33, slab.segment())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new PackedMatrix(DType.F32, 16, 32, slab.segment())).hasMessageContaining("too short");
        }
    }
}
