package io.spillway.node.stored;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.MatrixPacker;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.StoredMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * Side files outlive the code that wrote them: whoever changes where the bytes of a packed matrix lie must raise
 * {@link PackedMatrix#LAYOUT_VERSION}, and then may write new sums here.
 */
class PackedLayoutTest {
    private static final Map<TensorType, Integer> SUMS_OF_VERSION_2 = Map.ofEntries(
            Map.entry(TensorType.F32, 0xc3ecf38d), Map.entry(TensorType.F16, 0x96b9d00d), Map.entry(TensorType.Q4_0, 0x5cd1ef0d),
            Map.entry(TensorType.Q4_1, 0xd4c48a0), Map.entry(TensorType.Q5_0, 0x21e40d75), Map.entry(TensorType.Q5_1, 0xf6c57c92),
            Map.entry(TensorType.Q8_0, 0xd18f8953), Map.entry(TensorType.Q2_K, 0x98d70d1), Map.entry(TensorType.Q3_K, 0xf2850e64),
            Map.entry(TensorType.Q4_K, 0xcde02715), Map.entry(TensorType.Q5_K, 0xddba479b), Map.entry(TensorType.Q6_K, 0x293070b7),
            Map.entry(TensorType.IQ4_NL, 0xd1474ede), Map.entry(TensorType.BF16, 0x96b9d00d), Map.entry(TensorType.MXFP4, 0xa9478820));

    private static int sum(final TensorType type) {
        final int rows = 70;
        final int columns = 2 * Math.max(16, type.blockElements());
        final byte[] bytes = new byte[(int) (rows * type.bytesOf(columns))];
        new Random(1).nextBytes(bytes);
        final StoredMatrix stored = StoredRows.of(MemorySegment.ofArray(bytes), type, rows, columns).orElseThrow();
        try (Slab slab = Slab.allocate(PackedMatrix.sizeBytes(stored.packedAs(), rows, columns))) {
            final PackedMatrix packed = new PackedMatrix(stored.packedAs(), rows, columns, slab.segment());
            for (int strip = 0; strip < packed.strips(); strip++) {
                MatrixPacker.packStrip(stored, MatrixPacker.RowOrder.SAME, packed, strip);
            }
            final CRC32C crc = new CRC32C();
            crc.update(slab.segment().asByteBuffer());
            return (int) crc.getValue();
        }
    }

    @Test
    void theLayoutIsTheOneThatTheVersionStandsFor() {
        assertThat(PackedMatrix.LAYOUT_VERSION).isEqualTo(2);
        final Map<TensorType, Integer> sums = new TreeMap<>();
        SUMS_OF_VERSION_2.keySet().forEach(type -> sums.put(type, sum(type)));
        assertThat(sums).isEqualTo(new TreeMap<>(SUMS_OF_VERSION_2));
    }
}
