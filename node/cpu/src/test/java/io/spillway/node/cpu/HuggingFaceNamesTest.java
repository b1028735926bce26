package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.Slab;
import io.spillway.node.cpu.Reference.Case;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import io.spillway.node.weights.ShapeDifference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A Hugging Face directory gives what the GGUF file of the same model gives: names, configuration keys, layouts, windows. */
class HuggingFaceNamesTest {
    private static final Reference REFERENCE = Reference.read();
    private static CpuBackend backend;
    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        backend = CpuBackend.start(1);
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    private static final String SIZES = "'hidden_size': 48, 'intermediate_size': 56, 'num_attention_heads': 3, 'num_key_value_heads': 1, "
            + "'head_dim': 16, 'max_position_embeddings': 2048, 'rms_norm_eps': 1e-5, ";
    private static final String SMALL = "'hidden_size': 32, 'intermediate_size': 40, 'num_attention_heads': 2, 'num_key_value_heads': 1, "
            + "'head_dim': 16, 'max_position_embeddings': 2048, 'rms_norm_eps': 1e-5, 'num_hidden_layers': 2, 'tie_word_embeddings': true, ";
    private static final String GEMMA = "'num_hidden_layers': 3, 'hidden_size': 48, 'intermediate_size': 56, 'num_attention_heads': 4, "
            + "'num_key_value_heads': 2, 'head_dim': 20, 'max_position_embeddings': 2048, 'rms_norm_eps': 1e-5, 'query_pre_attn_scalar': 20, "
            + "'hidden_activation': 'gelu_pytorch_tanh', 'sliding_window': 16, ";

    /** @return the configuration of a reference model */
    private static String config(final String name) {
        final String config = switch (name) {
            case "llama-linear" -> SMALL + "'model_type': 'llama', 'rope_scaling': {'type': 'linear', 'factor': 4.0}";
            case "llama-yarn" -> SMALL + "'model_type': 'mistral', 'sliding_window': null, 'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0, "
                    + "'original_max_position_embeddings': 512}";
            case "qwen3-yarn" -> SMALL + "'model_type': 'qwen3', 'rope_parameters': {'rope_theta': 1000000.0, 'rope_type': 'yarn', 'factor': 4.0, "
                    + "'original_max_position_embeddings': 512}, 'use_sliding_window': false, 'sliding_window': 4";
            case "mixtral" -> SIZES.replace("56", "32") + "'model_type': 'mixtral', 'num_hidden_layers': 2, 'num_local_experts': 4, 'num_experts_per_tok': 2, "
                    + "'rope_theta': 10000.0, 'sliding_window': null";
            case "qwen2" -> SIZES + "'model_type': 'qwen2', 'num_hidden_layers': 3, 'rope_theta': 1000000.0, 'use_sliding_window': false, "
                    + "'sliding_window': 4, 'max_window_layers': 0";
            case "qwen3" -> SIZES.replace("'num_key_value_heads': 1", "'num_key_value_heads': 3").replace("'head_dim': 16", "'head_dim': 20")
                    + "'model_type': 'qwen3', 'num_hidden_layers': 2, 'rope_theta': 1000000";
            case "qwen3moe" -> SIZES + "'model_type': 'qwen3_moe', 'num_hidden_layers': 2, 'rope_theta': 1000000.0, 'num_experts': 7, "
                    + "'num_experts_per_tok': 3, 'moe_intermediate_size': 16, 'norm_topk_prob': true";
            case "gemma2" -> GEMMA + "'model_type': 'gemma2', 'attn_logit_softcapping': 5.0, 'final_logit_softcapping': 8.0, 'rope_theta': 10000.0";
            case "gemma3" -> GEMMA + "'model_type': 'gemma3_text', 'sliding_window_pattern': 3, 'rope_theta': 1000000.0, 'rope_local_base_freq': 10000.0, "
                    + "'attn_logit_softcapping': null, 'final_logit_softcapping': null, 'rope_scaling': {'rope_type': 'linear', 'factor': 8.0}";
            case "gpt-oss-mxfp4" -> "'model_type': 'gpt_oss', 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'num_key_value_heads': 1, "
                    + "'head_dim': 16, 'intermediate_size': 64, 'num_local_experts': 5, 'num_experts_per_tok': 2, 'max_position_embeddings': 2048, "
                    + "'rms_norm_eps': 1e-5, 'hidden_act': 'silu', 'swiglu_limit': 7.0, 'sliding_window': 16, 'rope_theta': 150000, "
                    + "'layer_types': ['sliding_attention', 'full_attention'], 'rope_scaling': {'rope_type': 'yarn', 'factor': 8.0, 'beta_fast': 32.0, "
                    + "'beta_slow': 1.0, 'original_max_position_embeddings': 256, 'truncate': true}, 'quantization_config': {'quant_method': 'mxfp4'}";
            case "phi3-long" -> phi3(512);
            case "phi3-short" -> phi3(2048);
            default -> throw new IllegalArgumentException(name);
        };
        return ("{" + config + "}").replace('\'', '"');
    }

    private static String phi3(final int original) {
        return SIZES + "'model_type': 'phi3', 'num_hidden_layers': 2, 'rope_theta': 10000.0, 'partial_rotary_factor': 0.75, 'sliding_window': null, "
                + "'original_max_position_embeddings': " + original + ", 'rope_scaling': {'type': 'longrope', 'attention_factor': 1.19, "
                + "'long_factor': [1, 1.1, 1.8, 3, 9, 20], 'short_factor': [1, 1, 1.05, 1.1, 1.3, 1.4]}";
    }

    private static Case named(final String name) {
        return REFERENCE.cases().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    }

    private Path copy(final String name, final String config) throws IOException {
        final String kind = name.startsWith("gemma") ? "gemma" : name.startsWith("phi3") ? "phi3" : name.replaceFirst("-.*", "");
        final int headDim = name.startsWith("gemma") || name.equals("qwen3") ? 20 : 16;
        try (ModelSource source = ModelSource.open(named(name).file())) {
            return HuggingFaceCopy.write(source.gguf().orElseThrow(), kind, headDim, config, Files.createTempDirectory(folder, name));
        }
    }

    private static float[] logits(final Path path, final int[] tokens) {
        try (ModelSource source = ModelSource.open(path); LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
            final KvLayout layout = model.kvLayout(16, KvElement.F32);
            final int[] table = IntStream.range(0, layout.blocksFor(tokens.length)).toArray();
            final StepBatch batch = new StepBatch(tokens.length, 1);
            batch.beginSequence(table);
            for (int position = 0; position < tokens.length; position++) {
                batch.addRow(tokens[position], position);
            }
            batch.wantLogits();
            final float[] logits = new float[model.vocabularySize()];
            try (Slab slab = Slab.allocate(table.length * layout.blockBytes())) {
                model.forward(batch, layout, slab.segment(), logits);
            }
            return logits;
        }
    }

    @ParameterizedTest
    @CsvSource({"llama-linear", "llama-yarn", "mixtral", "qwen2", "qwen3", "qwen3-yarn", "qwen3moe", "gemma2", "gemma3", "phi3-long", "phi3-short", "gpt-oss-mxfp4"})
    void bothKindsOfFilesAreTheSameModel(final String name) throws IOException {
        final float[] gguf = logits(named(name).file(), REFERENCE.tokens());
        final float[] huggingFace = logits(copy(name, config(name)), REFERENCE.tokens());
        for (int i = 0; i < gguf.length; i++) {
            // 1 + (gain − 1) is not always the gain.
            assertThat(huggingFace[i]).as("logit %d", i).isCloseTo(gguf[i], within(name.startsWith("gemma") ? 1e-4f : 0f));
        }
    }

    private static ModelShape shape(final Path path) {
        try (ModelSource source = ModelSource.open(path)) {
            return ModelShapes.read(source);
        }
    }

    /** To the bit, where GGUF rounds nothing. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"llama-linear||", "llama-yarn||", "mixtral||", "qwen2||", "qwen3||", "qwen3-yarn||", "qwen3moe||", "gemma2||", "gemma3||",
        "phi3-long||", "phi3-short||", "gpt-oss-mxfp4||",
        "llama-linear|'type': 'linear', 'factor': 4.0|'rope_type': 'llama3', 'factor': 8.0, 'low_freq_factor': 1.0, 'high_freq_factor': 4.0, 'original_max_position_embeddings': 128",
        "llama-linear|'model_type': 'llama'|'model_type': 'mistral', 'sliding_window': 9",
        "llama-linear|'model_type': 'llama'|'model_type': 'llama', 'sliding_window': 9, 'layer_types': ['full_attention', 'sliding_attention']",
        "llama-yarn|'factor': 4.0|'factor': 4.0, 'attention_factor': 1.3, 'beta_fast': 16.0",
        "qwen2|'use_sliding_window': false|'use_sliding_window': true",
        "gemma3|'final_logit_softcapping': null|'final_logit_softcapping': 12.0",
        "gpt-oss-mxfp4|'truncate': true|'truncate': false"})
    void aGgufFileMadeOfADirectoryIsTheSameModel(final String name, final String instead, final String of) throws IOException {
        final String original = config(name);
        final String config = instead == null ? original : original.replace(instead.replace('\'', '"'), of.replace('\'', '"'));
        assertThat(config.equals(original)).isEqualTo(instead == null);
        final Path directory = copy(name, config);
        final Path gguf = GgufCopy.write(directory, folder.resolve(name + ".gguf"));
        assertThat(ShapeDifference.between(shape(directory), shape(gguf))).isEmpty();
        final float[] expected = logits(directory, REFERENCE.tokens());
        final float[] logits = logits(gguf, REFERENCE.tokens());
        for (int i = 0; i < logits.length; i++) {
            // GGUF keeps rope factors as floats.
            final boolean rounded = instead != null && (of.contains("llama3") || of.contains("attention_factor"));
            assertThat(logits[i]).as("logit %d", i).isCloseTo(expected[i], within(rounded ? 1e-4f : 0f));
        }
    }

    @ParameterizedTest
    @CsvSource({"llama-linear", "llama-yarn", "mixtral", "qwen2", "qwen3", "qwen3-yarn", "qwen3moe", "gemma2", "gemma3", "phi3-long", "phi3-short"})
    void aDirectoryMadeOfAGgufFileIsTheSameModel(final String name) throws IOException {
        final Path gguf = named(name).file();
        final Path made = DirectoryCopy.write(gguf, folder.resolve(name));
        assertThat(ShapeDifference.between(shape(gguf), shape(made))).isEmpty();
        final float[] expected = logits(gguf, REFERENCE.tokens());
        final float[] logits = logits(made, REFERENCE.tokens());
        for (int i = 0; i < logits.length; i++) {
            assertThat(logits[i]).as("logit %d", i).isCloseTo(expected[i], within(name.startsWith("gemma") ? 1e-4f : 0f));
        }
    }

    /** GGUF keeps factors only: those of Meta's models are recognised, others are a difference. */
    @Test
    void rotaryFactorsBecomeNumbersAgain() throws IOException {
        final Path llama3 = copy("llama-linear", config("llama-linear").replace("\"type\": \"linear\", \"factor\": 4.0", "\"rope_type\": \"llama3\", \"factor\": 32.0, "
                + "\"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192"));
        final Path gguf = GgufCopy.write(llama3, folder.resolve("llama3.gguf"));
        assertThat(ShapeDifference.between(shape(llama3), shape(DirectoryCopy.write(gguf, folder.resolve("llama3"))))).isEmpty();
        final Path others = named("llama").file();
        assertThat(ShapeDifference.between(shape(others), shape(DirectoryCopy.write(others, folder.resolve("llama"))))).get().asString().contains("rotation");
    }

    @Test
    void whatGgufCannotSayIsADifference() throws IOException {
        final Path directory = copy("qwen3moe", config("qwen3moe").replace("\"norm_topk_prob\": true", "\"norm_topk_prob\": false"));
        assertThat(ShapeDifference.between(shape(directory), shape(GgufCopy.write(directory, folder.resolve("q.gguf"))))).get().asString()
                .contains("experts", "normalised=false");
        final Path scaled = copy("gemma2", config("gemma2").replace("\"query_pre_attn_scalar\": 20", "\"query_pre_attn_scalar\": 40"));
        assertThat(ShapeDifference.between(shape(scaled), shape(GgufCopy.write(scaled, folder.resolve("g.gguf"))))).get().asString()
                .contains("scale of the queries");
    }

    /** Of one layer only: deeper ones hand on what lies before the window. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"'model_type': 'mistral', 'sliding_window': 9", "'model_type': 'qwen2', 'use_sliding_window': true, 'sliding_window': 9, 'max_window_layers': 0",
        "'model_type': 'llama', 'sliding_window': 9, 'layer_types': ['sliding_attention']"})
    void windowsHideWhatLiesBefore(final String kind) throws IOException {
        final String config = config("llama-linear").replace("\"model_type\": \"llama\"", kind.replace('\'', '"'))
                .replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
        final Path path = oneLayer(copy("llama-linear", config));
        final int[] tokens = Arrays.copyOf(REFERENCE.tokens(), 40);
        final float[] logits = logits(path, tokens);
        tokens[30] += tokens[30] == 255 ? -1 : 1; // 30 is before the nine that position 39 sees, 31 is the first of them
        assertThat(logits(path, tokens)).containsExactly(logits);
        tokens[31] += tokens[31] == 255 ? -1 : 1;
        assertThat(logits(path, tokens)).isNotEqualTo(logits);
    }

    /** Leaves the first layer's tensors. */
    private Path oneLayer(final Path from) throws IOException {
        final Path to = Files.createTempDirectory(folder, "one");
        Files.copy(from.resolve("config.json"), to.resolve("config.json"));
        try (ModelSource source = ModelSource.open(from)) {
            final var kept = source.tensors().stream().filter(t -> !t.name().startsWith("model.layers.1.")).toList();
            final var planned = kept.stream().map(t -> new io.spillway.modelfile.PlannedTensor(t.name(), t.type(), t.shape())).toList();
            try (var writer = io.spillway.modelfile.SafetensorsWriter.create(to.resolve("model.safetensors"), java.util.Map.of(), planned)) {
                kept.forEach(t -> writer.append(source.tensor(t.name())));
                writer.publish();
            }
        }
        return to;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "'model_type': 'llama'  | 'model_type': 'gpt2'            | architecture 'gpt2' is not supported; llama, mistral, mixtral, qwen2",
        "'model_type': 'llama'  | 'model_type': 'gemma3'          | architecture 'gemma3' is not supported",
        "'model_type': 'llama'  | 'model_type': 'qwen3'           | 'model.layers.0.self_attn.q_norm.weight' is missing",
        "'model_type': 'llama'  | 'model_type': 'gemma2'          | is missing",
        "'model_type': 'llama'  | 'model_type': 'llama', 'hidden_act': 'gelu' | activation 'gelu' is not supported here; silu is",
        "'model_type': 'llama'  | 'model_type': 'llama', 'sliding_window': -4 | a window of -4 tokens is impossible",
        "'model_type': 'llama'  | 'model_type': 'llama', 'partial_rotary_factor': 0.5 | with 8 rotated dimensions",
        "'model_type': 'llama'  | 'model_type': 'llama', 'attn_logit_softcapping': 30.0 | a score softcap of 30.0 is not supported here",
        "'factor': 4.0          | 'factor': 0                     | its rotary scaling factor is 0.0",
        "'type': 'linear'       | 'type': 'dynamic'               | rope scaling 'dynamic' is not supported",
        "'type': 'linear'       | 'type': 'longrope'              | no long_factor",
        "'type': 'linear'       | 'type': 'longrope', 'short_factor': [1, 2] | 2 factors for 8 pairs",
        "'type': 'linear'       | 'type': 'longrope', 'short_factor': [1, 2, 3, 4, 5, 6, 7, 'x'] | a rotary factor is NaN",
        "'model_type': 'llama'  | 'model_type': 'mixtral', 'num_local_experts': 4, 'num_experts_per_tok': 5 | 5 of 4 experts cannot be chosen",
    })
    void refusesWhatItWouldGetWrong(final String instead, final String of, final String problem) throws IOException {
        final String original = config("llama-linear");
        final String config = original.replace(instead.replace('\'', '"'), of.replace('\'', '"'));
        assertThat(config).isNotEqualTo(original);
        final Path path = copy("llama-linear", config);
        assertThatThrownBy(() -> logits(path, new int[] {1}))
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE))
                .hasMessageContaining(problem);
    }

    @Test
    void aToldContextChoosesTheRotation() throws IOException {
        final int[] tokens = Arrays.copyOf(REFERENCE.tokens(), 30);
        final Path path = copy("phi3-long", config("phi3-long"));
        final float[] longer = logits(path, tokens);
        try (ModelSource source = ModelSource.open(path);
                LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults().withContext(512))) {
            assertThat(model.contextTokens()).isEqualTo(512);
            final float[] shorter = new float[model.vocabularySize()];
            final KvLayout layout = model.kvLayout(32, KvElement.F32);
            final StepBatch batch = new StepBatch(30, 1);
            batch.beginSequence(new int[] {0});
            for (int position = 0; position < 30; position++) {
                batch.addRow(tokens[position], position);
            }
            batch.wantLogits();
            try (Slab slab = Slab.allocate(layout.blockBytes())) {
                model.forward(batch, layout, slab.segment(), shorter);
            }
            assertThat(shorter).isNotEqualTo(longer);
        }
    }
}
