package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelSourceTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");

    @TempDir
    private Path directory;

    private static void assertRefused(final Path path, final String words) {
        assertThatThrownBy(() -> ModelSource.open(path)).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE))
                .hasMessageContaining(path.getFileName().toString()).hasMessageContaining(words);
    }

    @Test
    void opensBothFormats() {
        try (ModelSource hf = ModelSource.open(BROOK); ModelSource gguf = ModelSource.open(BROOK.resolve("brook-f16.gguf"));
                ModelSource weights = ModelSource.open(BROOK.resolve("model.safetensors"))) {
            assertThat(hf.config().orElseThrow().string("model_type")).contains("qwen3");
            assertThat(hf.config().orElseThrow().object("rope_scaling")).as("null counts as absent").isEmpty();
            assertThat(hf.config().orElseThrow().stringAt("architectures", 0)).contains("Qwen3ForCausalLM");
            assertThat(hf.find("model.norm.weight").orElseThrow().shape()).containsExactly(256L);
            assertThat(gguf.find("output_norm.weight").orElseThrow().shape()).containsExactly(256L);
            assertThat(gguf.tensors()).hasSameSizeAs(hf.tensors());
            assertThat(weights.tensors()).isEqualTo(hf.tensors());
            assertThat(hf.nameHint()).isEqualTo("brook");
            assertThat(gguf.nameHint()).isEqualTo("brook-f16");
        }
    }

    @Test
    void theFingerprintIsTheDigestOfTheFile() throws Exception {
        final byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(BROOK.resolve("brook-f16.gguf")));
        try (ModelSource hf = ModelSource.open(BROOK); ModelSource gguf = ModelSource.open(BROOK.resolve("brook-f16.gguf"))) {
            assertThat(gguf.fingerprint().hex()).isEqualTo(HexFormat.of().formatHex(digest));
            assertThat(hf.fingerprint()).isEqualTo(hf.fingerprint()).isNotEqualTo(gguf.fingerprint());
        }
    }

    @Test
    void anotherConfigurationIsAnotherModel() throws IOException {
        Files.copy(BROOK.resolve("model.safetensors"), directory.resolve("model.safetensors"));
        Files.writeString(directory.resolve("config.json"), Files.readString(BROOK.resolve("config.json")).replace("1000000.0", "10000.0"));
        try (ModelSource original = ModelSource.open(BROOK); ModelSource changed = ModelSource.open(directory)) {
            assertThat(changed.fingerprint()).isNotEqualTo(original.fingerprint());
        }
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        assertRefused(directory.resolve("absent"), "check the path");
        assertRefused(directory, "neither model.safetensors");
        Files.write(directory.resolve("model.safetensors"), SafetensorsFileTest.bytes(SafetensorsFileTest.HEADER, 12));
        assertRefused(directory, "no config.json");
        Files.writeString(directory.resolve("config.json"), "{\"model_type\": ");
        assertThatThrownBy(() -> ModelSource.open(directory)).hasMessageContaining("config.json").hasMessageContaining("does not parse");
        Files.writeString(directory.resolve("garbage.bin"), "garbage");
        assertRefused(directory.resolve("garbage.bin"), "not a GGUF file");
    }

    @Test
    void aDirectoryOfGgufFilesNeedsAChoice() throws IOException {
        Files.write(directory.resolve("one.gguf"), GgufBytes.sample().bytes());
        try (ModelSource only = ModelSource.open(directory)) {
            assertThat(only.gguf()).isPresent();
        }
        Files.write(directory.resolve("two.gguf"), GgufBytes.sample().bytes());
        assertRefused(directory, "2 .gguf files");
    }

    @Test
    void shardsAreOneModelAndStayInTheDirectory() throws IOException {
        Files.writeString(directory.resolve("config.json"), "{\"model_type\":\"llama\"}");
        Files.write(directory.resolve("s-1.safetensors"), SafetensorsFileTest.bytes(SafetensorsFileTest.HEADER, 12));
        Files.write(directory.resolve("s-2.safetensors"), SafetensorsFileTest.bytes(SafetensorsFileTest.HEADER.replace("\"a\"", "\"c\"")
                .replace("\"b\"", "\"d\""), 12));
        final Path index = directory.resolve("model.safetensors.index.json");
        Files.writeString(index, "{\"weight_map\":{\"a\":\"s-1.safetensors\",\"c\":\"s-2.safetensors\"}}");
        try (ModelSource source = ModelSource.open(directory)) {
            assertThat(source.tensors()).extracting(TensorEntry::name).containsExactly("a", "b", "c", "d");
            assertThat(source.tensor("d").byteSize()).isEqualTo(4);
        }
        Files.writeString(index, "{\"weight_map\":{\"a\":\"../s-1.safetensors\"}}");
        assertThatThrownBy(() -> ModelSource.open(directory)).hasMessageContaining("names the shard '../s-1.safetensors'");
        Files.writeString(index, "{}");
        assertThatThrownBy(() -> ModelSource.open(directory)).hasMessageContaining("names 0 shards");
        Files.writeString(index, "{\"weight_map\":{\"a\":\"s-3.safetensors\"}}");
        assertThatThrownBy(() -> ModelSource.open(directory)).hasMessageContaining("s-3.safetensors").hasMessageContaining("no such file");
    }
}
