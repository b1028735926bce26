package io.spillway.node.stored;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.modelfile.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Blocks and their numbers, decoded by another program from the formats' definitions ({@code make_golden.py} beside the file). */
class GoldenBlocksTest {
    private static String[] lines() throws IOException {
        try (InputStream file = Objects.requireNonNull(GoldenBlocksTest.class.getResourceAsStream("/stored/golden.txt"))) {
            return new String(file.readAllBytes(), StandardCharsets.US_ASCII).strip().split("\n");
        }
    }

    @Test
    void everyElementIsWhatTheDefinitionSays() throws IOException {
        for (final String line : lines()) {
            final String[] words = line.split(" ");
            final TensorType type = TensorType.valueOf(words[0]);
            final MemorySegment block = MemorySegment.ofArray(HexFormat.of().parseHex(words[1]));
            final String[] expected = words[2].split(",");
            assertThat(expected).hasSize(type.blockElements());
            final StoredRows stored = (StoredRows) StoredRows.of(block, type, 1, expected.length).orElseThrow();
            for (int column = 0; column < expected.length; column++) {
                assertThat(stored.at(0, column)).as("%s column %d", type, column)
                        .isEqualTo(Float.intBitsToFloat(HexFormat.fromHexDigits(expected[column])) + 0f);
            }
        }
    }

    @Test
    void everyFormatOfIntegersHasGoldenBlocks() throws IOException {
        final Set<String> covered = Arrays.stream(lines()).map(line -> line.split(" ")[0]).collect(Collectors.toSet());
        assertThat(covered).containsExactlyInAnyOrderElementsOf(Arrays.stream(TensorType.values())
                .filter(type -> StoredRows.reads(type) && type.blockElements() > 1).map(Enum::name).toList());
    }
}
