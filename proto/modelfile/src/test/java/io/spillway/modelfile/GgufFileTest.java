package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
    @TempDir
    private Path directory;

    private Path write(final byte[] bytes) throws IOException {
        return Files.write(directory.resolve("model.gguf"), bytes);
    }

    private void assertRefused(final byte[] bytes, final String... words) throws IOException {
        final Path file = write(bytes);
        assertThatThrownBy(() -> GgufFile.open(file)).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE)).hasMessageContainingAll(words);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void readsMetadataAndTensors(final int version) throws IOException {
        try (GgufFile file = GgufFile.open(write(GgufBytes.sample().version(version).bytes()))) {
            assertThat(file.string("general.architecture")).contains("llama");
            assertThat(file.integer("llama.block_count")).hasValue(3);
            assertThat(file.integer("small")).hasValue(-2);
            assertThat(file.real("eps")).hasValue(0.5);
            assertThat(file.real("llama.block_count")).hasValue(3);
            assertThat(file.bool("flag")).contains(true);
            assertThat(file.strings("tokens")).contains(List.of("a", "bé", ""));
            assertThat(file.integers("types")).get().isEqualTo(new int[] {1, -2, 3});
            assertThat(file.reals("scores")).get().isEqualTo(new float[] {0.25f, -1f});
            assertThat(file.keys()).hasSize(9).startsWith("general.architecture");
            assertThat(file.string("eps")).as("another type counts as absent").isEmpty();
            assertThat(file.integer("absent")).isEmpty();
            assertThat(file.tensors()).extracting(TensorEntry::name).containsExactly("norm", "matrix", "odd");
            assertThat(file.find("matrix").orElseThrow().shape()).containsExactly(2L, 32L);
            assertThat(file.find("odd").orElseThrow().type()).isEqualTo(TensorType.Q4_K);
            assertThat(file.tensor("norm").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1, 2, 3);
            assertThatThrownBy(() -> file.tensor("absent")).hasMessageContaining("no tensor 'absent'");
        }
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        final byte[] whole = GgufBytes.sample().bytes();
        for (int length = 0; length < whole.length; length++) {
            assertRefused(java.util.Arrays.copyOf(whole, length), "model.gguf");
        }
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        assertThatThrownBy(() -> GgufFile.open(directory.resolve("absent.gguf"))).hasMessageContaining("no such file");
        assertThatThrownBy(() -> GgufFile.open(directory)).hasMessageContaining("not a regular file");
        assertRefused(new byte[0], "empty");
        assertRefused("{\"not\": \"gguf\"}".getBytes(StandardCharsets.UTF_8), "not a GGUF file");
        assertRefused(GgufBytes.sample().version(1).bytes(), "version 1");
        assertRefused(GgufBytes.sample().string("eps", "again").bytes(), "'eps' stands twice");
        assertRefused(GgufBytes.sample().tensor("norm", 0, new long[] {1}, new byte[4]).bytes(), "'norm' stands twice");
        assertRefused(new GgufBytes().tensor("t", 77, new long[] {1}, new byte[4]).bytes(), "unknown type 77");
        assertRefused(new GgufBytes().tensor("t", 8, new long[] {33}, new byte[64]).bytes(), "not a multiple");
        assertRefused(new GgufBytes().tensor("t", 0, new long[] {Long.MAX_VALUE, 4}, new byte[4]).bytes(), "impossible shape");
        assertRefused(new GgufBytes().tensor("t", 0, new long[] {0, 4}, new byte[4]).bytes(), "impossible shape");
        assertRefused(new GgufBytes().tensor("t", 0, new long[] {1 << 20}, new byte[4]).bytes(), "past the end");
        assertRefused(new GgufBytes().integer("general.alignment", 4, 4, 3).bytes(), "general.alignment 3");
        assertRefused(new GgufBytes().integer("k", 42, 8, 3).bytes(), "unknown type 42");
    }

    @Test
    void anIntegerOverThirtyTwoBitsIsNotCutShort() throws IOException {
        try (GgufFile file = GgufFile.open(write(GgufBytes.sample().longs("wide", 1L << 40).bytes()))) {
            assertThat(file.integer("big")).hasValue(-1);
            assertThatThrownBy(() -> file.integers("wide")).isInstanceOf(SpillwayException.class).hasMessageContaining("over 32 bits");
        }
    }
}
