package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
    static final String HEADER = "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[8,12]}}";

    @TempDir
    private Path directory;

    static byte[] bytes(final String header, final int payloadBytes) {
        final byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + payloadBytes).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text)
                .putFloat(1.5f).array();
    }

    private void assertRefused(final byte[] bytes, final String words) throws IOException {
        final Path file = Files.write(directory.resolve("model.safetensors"), bytes);
        assertThatThrownBy(() -> SafetensorsFile.open(file)).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE)).hasMessageContaining(words);
    }

    @Test
    void readsTheDirectory() throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(Files.write(directory.resolve("m.safetensors"), bytes(HEADER, 12)))) {
            assertThat(file.tensors()).extracting(TensorEntry::name).containsExactly("a", "b");
            assertThat(file.tensor("a").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(1.5f);
            assertThat(file.find("b").orElseThrow().type()).isEqualTo(TensorType.BF16);
            assertThat(file.find("b").orElseThrow().shape()).containsExactly(1L, 2L);
        }
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        final byte[] whole = bytes(HEADER, 12);
        for (int length = 0; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length), "model.safetensors");
        }
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        assertRefused(bytes("[1, 2]", 12), "no object");
        assertRefused(bytes("{\"a\":", 12), "does not parse");
        assertRefused(bytes("[".repeat(100_000), 12), "does not parse");
        assertRefused(bytes(HEADER.replace("BF16", "F6"), 12), "unknown type 'F6'");
        assertRefused(bytes(HEADER.replace("[2]", "[3]"), 12), "12 bytes lies at [0, 8]");
        assertRefused(bytes(HEADER.replace("[8,12]", "[12,16]"), 12), "lies at [12, 16] of 12");
        assertRefused(bytes(HEADER.replace("[8,12]", "[-4,0]"), 12), "lies at");
        assertRefused(bytes(HEADER.replace("[2]", "[-2]"), 12), "impossible shape");
        assertRefused(bytes(HEADER.replace("[2]", "[2.5]"), 12), "no valid shape");
        assertRefused(bytes(HEADER.replace("\"b\"", "\"a\""), 12), "does not parse");
    }
}
