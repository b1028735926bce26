package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.DType;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Loading: every format gives the specification's numbers; what cannot be computed rightly is refused by name. */
class ModelLoaderTest {
    private static final ModelLoader.Options EXPANDED = new ModelLoader.Options(1L << 30, fraction -> { });

    @TempDir
    private Path directory;

    private static float[] logits(final Path path, final CpuBackend backend, final ModelLoader.Options options, final int[] ids) {
        try (ModelSource source = ModelSource.open(path); LanguageModel model = ModelLoader.load(source, backend, options);
                Session session = Session.of(model, ids.length)) {
            session.feed(ids, 0, ids.length - 1);
            session.feed(ids, ids.length - 1, ids.length);
            return session.logits;
        }
    }

    private static int[] tokens(final int count, final int vocabulary) {
        return new Random(7).ints(count, 0, vocabulary).toArray();
    }

    @ParameterizedTest
    @CsvSource({"llama, F32, true", "llama, F16, false", "llama, BF16, true", "llama, Q8_0, true", "llama, Q4_0, false",
        "qwen3, F32, false", "qwen3, F16, true", "qwen3, BF16, false", "qwen3, Q8_0, false", "qwen3, Q4_0, true"})
    void everyFormatIsTheSpecification(final String architecture, final DType dtype, final boolean untied) throws IOException {
        final Path file = new SyntheticModel(architecture, dtype, untied).write(directory.resolve("m.gguf"));
        final int[] ids = tokens(80, SyntheticModel.VOCABULARY);
        try (CpuBackend vector = CpuBackend.start(2); CpuBackend scalar = CpuBackend.scalar("it is the specification")) {
            final float[] expected = logits(file, scalar, ModelLoader.Options.defaults(), ids);
            assertThat(logits(file, vector, ModelLoader.Options.defaults(), ids)).containsExactly(expected);
            if (!dtype.isInteger()) { // integers meet rounded activations, their floats would not
                assertThat(logits(file, vector, EXPANDED, ids)).containsExactly(expected);
            }
            assertThat(expected[3]).isFinite().isNotZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"brook", "brook-small"})
    void bothFilesOfAModelGiveTheSameBits(final String model) {
        final int[] ids = tokens(70, 2048);
        try (CpuBackend backend = CpuBackend.start(2)) {
            assertThat(logits(Golden.gguf(model), backend, ModelLoader.Options.defaults(), ids))
                    .containsExactly(logits(Golden.huggingFace(model), backend, ModelLoader.Options.defaults(), ids));
        }
    }

    @Test
    void rotaryFactorsCount() throws IOException {
        final int[] ids = tokens(40, SyntheticModel.VOCABULARY);
        try (CpuBackend backend = CpuBackend.start(1)) {
            final float[] plain = logits(new SyntheticModel("llama", DType.F32, false).write(directory.resolve("a.gguf")), backend,
                    ModelLoader.Options.defaults(), ids);
            final float[] scaled = logits(new SyntheticModel("llama", DType.F32, false).vector("rope_freqs.weight", 16)
                    .write(directory.resolve("b.gguf")), backend, ModelLoader.Options.defaults(), ids);
            assertThat(scaled).isNotEqualTo(plain);
        }
    }

    /** brook-small with another rope scaling in its configuration. */
    private Path withRopeScaling(final String scaling) throws IOException {
        final Path folder = Files.createTempDirectory(directory, "scaled");
        final Path original = Golden.huggingFace("brook-small");
        Files.copy(original.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), Files.readString(original.resolve("config.json"))
                .replace("\"rope_scaling\": null", "\"rope_scaling\": " + scaling));
        return folder;
    }

    @Test
    void ropeScalingsOfAConfiguration() throws IOException {
        final int[] ids = tokens(40, 2048);
        final String llama3 = "{\"rope_type\": \"llama3\", \"factor\": %s, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                + " \"original_max_position_embeddings\": 8192}";
        try (CpuBackend backend = CpuBackend.start(1)) {
            final ModelLoader.Options options = ModelLoader.Options.defaults();
            final float[] plain = logits(Golden.huggingFace("brook-small"), backend, options, ids);
            assertThat(logits(withRopeScaling(llama3.formatted("1.0")), backend, options, ids)).containsExactly(plain);
            assertThat(logits(withRopeScaling(llama3.formatted("32.0")), backend, options, ids)).isNotEqualTo(plain);
            assertThat(logits(withRopeScaling("{\"type\": \"linear\", \"factor\": 1.0}"), backend, options, ids)).containsExactly(plain);
            final Path dynamic = withRopeScaling("{\"rope_type\": \"dynamic\", \"factor\": 4.0}");
            assertThatThrownBy(() -> logits(dynamic, backend, options, ids)).hasMessageContaining("'dynamic' is not supported");
            final Path broken = withRopeScaling("{\"rope_type\": \"linear\"}");
            assertThatThrownBy(() -> logits(broken, backend, options, ids)).hasMessageContaining("no factor");
        }
    }

    @Test
    void progressRisesToOne() throws IOException {
        final Path file = new SyntheticModel("qwen3", DType.F16, true).write(directory.resolve("m.gguf"));
        final List<Double> fractions = new ArrayList<>();
        try (CpuBackend backend = CpuBackend.start(1); ModelSource source = ModelSource.open(file)) {
            ModelLoader.load(source, backend, new ModelLoader.Options(0, fractions::add)).close();
        }
        assertThat(fractions).isSorted().endsWith(1.0).allMatch(fraction -> fraction > 0 && fraction <= 1);
    }

    private void assertRefused(final SyntheticModel model, final String... words) throws IOException {
        final Path file = model.write(directory.resolve("m.gguf"));
        try (CpuBackend backend = CpuBackend.start(1); ModelSource source = ModelSource.open(file)) {
            assertThatThrownBy(() -> ModelLoader.load(source, backend, ModelLoader.Options.defaults()))
                    .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE))
                    .hasMessageContaining("m.gguf").hasMessageContainingAll(words);
        }
    }

    private static SyntheticModel llama() {
        return new SyntheticModel("llama", DType.F32, false);
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        assertRefused(llama().rename("mamba"), "architecture 'mamba' is not supported", "llama, qwen2, qwen3, qwen3moe, gemma2, gemma3, phi3, gpt-oss are");
        assertRefused(llama().without("blk.1.ffn_up.weight"), "'blk.1.ffn_up.weight' is missing");
        assertRefused(llama().without("output_norm.weight"), "'output_norm.weight' is missing");
        assertRefused(llama().rename("qwen3"), "'blk.0.attn_q_norm.weight' is missing");
        assertRefused(llama().vector("blk.0.attn_q_norm.weight", 32), "'blk.0.attn_q_norm.weight' has no place");
        assertRefused(llama().vector("blk.0.attn_q.bias", 192), "'blk.1.attn_q.bias' is missing");
        assertRefused(llama().vector("output_norm.weight", 63), "'output_norm.weight' is [63]", "[64]");
        assertRefused(llama().raw("blk.0.ffn_up.weight", 14, new long[] {96, 256}, new byte[96 * 210]), "ffn_up", "[96, 256]", "[96, 64]");
        assertRefused(llama().raw("output_norm.weight", 24, new long[] {64}, new byte[64]), "is I8, which is not supported", "convert");
        assertRefused(llama().set("rope.scaling.type", "dynamic"), "'dynamic' is not supported");
        assertRefused(llama().set("attention.head_count_kv", 5), "6 heads cannot share 5");
        assertRefused(llama().set("rope.dimension_count", 16), "16 rotated dimensions");
        assertRefused(llama().set("block_count", 0), "llama.block_count is 0");
        assertRefused(llama().set("block_count", 3), "'blk.2.attn_q.weight' is missing");
    }

    @Test
    void aTokenOrPositionOutsideIsABug() {
        try (CpuBackend backend = CpuBackend.start(1); ModelSource source = ModelSource.open(Golden.gguf("brook-small"));
                LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults()); Session session = Session.of(model, 4)) {
            assertThatThrownBy(() -> session.feed(new int[] {2048}, 0, 1)).hasMessageContaining("token 2048 is outside");
            assertThat(model.contextTokens()).isEqualTo(32768);
            assertThatThrownBy(() -> model.kvLayout(8, io.spillway.domain.kv.KvElement.F32)).hasMessageContaining("least is 16");
        }
    }
}
