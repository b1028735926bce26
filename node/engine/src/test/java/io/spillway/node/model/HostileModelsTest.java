package io.spillway.node.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.SafetensorsWriter;
import io.spillway.modelfile.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole models with wrong metadata, shapes, types and quantisation settings: they load, or are refused with
 * INVALID_MODEL_FILE; nothing else happens, and nothing is allocated beyond a multiple of the file.
 */
class HostileModelsTest {
    private static final int FAST_CASES = 800;
    private static final int SLOW_CASES = 20_000;
    private static final long SPREAD = 0x9E3779B97F4A7C15L; // neighbouring seeds begin alike
    private static final long HEAP_FLOOR_BYTES = 8 << 20;
    private static final long SLAB_FLOOR_BYTES = 8 << 20;
    private static final long FACTOR = 100;
    private static final int HIDDEN = 64;
    private static final int ROWS = 40;
    private static final int[] EDGES = {0, 1, 2, 3, 7, 32, 33, 63, 65, 96, 128, 4096, 1 << 16, 1 << 26, Integer.MAX_VALUE, -1, Integer.MIN_VALUE};
    private static final float[] REALS = {0, 1, -1, 0.5f, 1e-30f, 1e30f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 10_000};
    private static final String[] ARCHITECTURES = {"llama", "llama", "llama", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3", "gpt-oss", "mamba", ""};
    private static final String[] QUANTIZATIONS = {"", "null", "{}", "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 32}",
        "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": -1, \"checkpoint_format\": \"gptq_v2\"}",
        "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 1048576}", "{\"quant_method\": \"gptq\", \"bits\": \"4\"}",
        "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 64, \"version\": \"gemm\"}", "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": -9223372036854775808}",
        "{\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128]}", "{\"quant_method\": \"fp8\", \"weight_block_size\": [1, 32]}",
        "{\"quant_method\": \"fp8\", \"weight_block_size\": [9223372036854775807, 0]}", "{\"quant_method\": \"fp8\"}", "{\"quant_method\": []}",
        "{\"quant_method\": \"compressed-tensors\", \"format\": \"float-quantized\", \"config_groups\": 3}", "{\"quant_method\": \"mxfp4\"}", "[1]"};
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    private Path directory;
    private final CountingBackend backend = new CountingBackend();

    /** Writes a model below the directory and returns its path. */
    private interface Writer {
        Path write(Random random) throws IOException;
    }

    /** Tensors of a model in the making. */
    private record Tensors(Random random, List<TensorType> others, List<PlannedTensor> planned) {
        void add(final String name, final TensorType type, final long... shape) {
            if (random.nextInt(60) == 0) {
                return; // missing
            }
            final List<Long> dimensions = new ArrayList<>();
            for (final long dimension : shape) {
                dimensions.add(random.nextInt(80) == 0 ? Math.max(1, dimension + random.nextInt(5) - 2) : dimension);
            }
            if (random.nextInt(80) == 0) {
                dimensions.add(0, 1L + random.nextInt(3));
            }
            TensorType actual = random.nextInt(40) == 0 ? others.get(random.nextInt(others.size())) : type;
            if (dimensions.getLast() % actual.blockElements() != 0) {
                actual = type;
                dimensions.set(dimensions.size() - 1, shape[shape.length - 1]);
            }
            planned.add(new PlannedTensor(name, actual, dimensions));
        }
    }

    private static byte[] payload(final Random random, final PlannedTensor tensor) {
        final byte[] bytes = new byte[(int) tensor.sizeBytes()];
        random.nextBytes(bytes);
        return bytes;
    }

    private Path gguf(final Random random) {
        final String architecture = ARCHITECTURES[random.nextInt(ARCHITECTURES.length)];
        final TensorType[] types = {TensorType.F32, TensorType.F16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q5_1, TensorType.IQ4_NL};
        final TensorType type = types[random.nextInt(types.length)];
        final Tensors tensors = new Tensors(random, List.of(TensorType.values()), new ArrayList<>());
        tensors.add("token_embd.weight", type, ROWS, HIDDEN);
        tensors.add("output_norm.weight", TensorType.F32, HIDDEN);
        for (final String name : List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")) {
            tensors.add("blk.0." + name + ".weight", type, HIDDEN, HIDDEN);
        }
        tensors.add("blk.0.attn_norm.weight", TensorType.F32, HIDDEN);
        tensors.add("blk.0.ffn_norm.weight", TensorType.F32, HIDDEN);
        if (architecture.equals("qwen3") || random.nextInt(20) == 0) {
            tensors.add("blk.0.attn_q_norm.weight", TensorType.F32, HIDDEN / 2);
            tensors.add("blk.0.attn_k_norm.weight", TensorType.F32, HIDDEN / 2);
        }
        final Path file = directory.resolve("m.gguf");
        try (GgufWriter writer = GgufWriter.create(file, metadata(random, architecture), tensors.planned())) {
            tensors.planned().forEach(tensor -> writer.append(MemorySegment.ofArray(payload(random, tensor))));
            writer.publish();
        }
        return file;
    }

    private static Map<String, GgufValue> metadata(final Random random, final String architecture) {
        final Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.ofString(architecture));
        final Map<String, Integer> integers = new LinkedHashMap<>();
        integers.put("block_count", 1);
        integers.put("context_length", 512);
        integers.put("embedding_length", HIDDEN);
        integers.put("feed_forward_length", HIDDEN);
        integers.put("attention.head_count", 2);
        integers.put("attention.head_count_kv", 2);
        integers.put("attention.key_length", HIDDEN / 2);
        integers.put("attention.value_length", HIDDEN / 2);
        integers.put("rope.dimension_count", HIDDEN / 2);
        for (final String optional : List.of("expert_count", "expert_used_count", "attention.sliding_window", "rope.scaling.original_context_length")) {
            if (random.nextInt(15) == 0) {
                integers.put(optional, EDGES[random.nextInt(EDGES.length)]);
            }
        }
        integers.forEach((key, value) -> metadata.put(architecture + "." + key,
                GgufValue.ofInteger(random.nextInt(30) == 0 ? EDGES[random.nextInt(EDGES.length)] : value)));
        for (final String real : List.of("rope.freq_base", "attention.layer_norm_rms_epsilon", "rope.scaling.factor", "attn_logit_softcapping")) {
            if (random.nextInt(10) == 0) {
                metadata.put(architecture + "." + real, GgufValue.ofReal(REALS[random.nextInt(REALS.length)]));
            }
        }
        if (random.nextInt(10) == 0) {
            metadata.put(architecture + ".rope.scaling.type", GgufValue.ofString(List.of("linear", "yarn", "longrope", "none", "?").get(random.nextInt(5))));
        }
        return metadata;
    }

    private Path huggingFace(final Random random) throws IOException {
        final String config = QUANTIZATIONS[random.nextInt(QUANTIZATIONS.length)];
        final Tensors tensors = new Tensors(random, List.of(TensorType.F32, TensorType.F8_E4M3, TensorType.I32, TensorType.U8, TensorType.F64), new ArrayList<>());
        tensors.add("model.embed_tokens.weight", TensorType.F16, ROWS, HIDDEN);
        tensors.add("model.norm.weight", TensorType.F16, HIDDEN);
        tensors.add("model.layers.0.input_layernorm.weight", TensorType.F16, HIDDEN);
        tensors.add("model.layers.0.post_attention_layernorm.weight", TensorType.BF16, HIDDEN);
        for (final String name : List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")) {
            linear(tensors, "model.layers.0." + name + ".", config);
        }
        Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"llama\", \"hidden_size\": " + number(random, HIDDEN)
                + ", \"num_hidden_layers\": " + number(random, 1) + ", \"num_attention_heads\": " + number(random, 2) + ", \"num_key_value_heads\": "
                + number(random, 2) + ", \"intermediate_size\": " + number(random, HIDDEN) + (config.isEmpty() ? "" : ", \"quantization_config\": " + config) + "}");
        try (SafetensorsWriter writer = SafetensorsWriter.create(directory.resolve("model.safetensors"), Map.of(), tensors.planned())) {
            tensors.planned().forEach(tensor -> writer.append(MemorySegment.ofArray(payload(random, tensor))));
            writer.publish();
        }
        return directory;
    }

    private static void linear(final Tensors tensors, final String prefix, final String config) {
        if (config.contains("gptq") || config.contains("awq")) {
            final int groups = config.contains("32") ? 2 : 1;
            final boolean gptq = config.contains("gptq");
            tensors.add(prefix + "qweight", TensorType.I32, gptq ? HIDDEN / 8 : HIDDEN, gptq ? HIDDEN : HIDDEN / 8);
            tensors.add(prefix + "qzeros", TensorType.I32, groups, HIDDEN / 8);
            tensors.add(prefix + "scales", TensorType.F16, groups, HIDDEN);
            if (tensors.random().nextInt(10) == 0) {
                tensors.add(prefix + "g_idx", TensorType.I32, HIDDEN);
            }
        } else if (config.contains("fp8") || config.contains("float")) {
            tensors.add(prefix + "weight", TensorType.F8_E4M3, HIDDEN, HIDDEN);
            tensors.add(prefix + "weight_scale", TensorType.F32, config.contains("[1, 32]") ? HIDDEN * 2 : config.contains("[128") ? 1 : HIDDEN);
        } else {
            tensors.add(prefix + "weight", TensorType.BF16, HIDDEN, HIDDEN);
        }
    }

    private static String number(final Random random, final int usual) {
        return random.nextInt(40) == 0 ? Integer.toString(EDGES[random.nextInt(EDGES.length)]) : Integer.toString(usual);
    }

    private int fuzz(final int cases, final long seed, final Writer writer) throws IOException {
        int loaded = 0;
        for (int i = 0; i < cases; i++) {
            final Path path = writer.write(new Random((seed + i) * SPREAD));
            final long fileBytes = Files.size(Files.isDirectory(path) ? path.resolve("model.safetensors") : path);
            backend.begin(SLAB_FLOOR_BYTES + FACTOR * fileBytes);
            final long before = THREADS.getCurrentThreadAllocatedBytes();
            try (ModelSource source = ModelSource.open(path); LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
                assertThat(model.vocabularySize()).isPositive();
                loaded++;
            } catch (final SpillwayException e) {
                if (e.code() != ErrorCode.INVALID_MODEL_FILE) {
                    throw new AssertionError("case " + (seed + i) + " was refused as " + e.code(), e);
                }
            } catch (final RuntimeException | Error e) {
                throw new AssertionError("case " + (seed + i), e);
            }
            final long allocatedBytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            if (allocatedBytes > HEAP_FLOOR_BYTES + FACTOR * fileBytes) {
                throw new AssertionError("case " + (seed + i) + " of " + fileBytes + " bytes allocated " + allocatedBytes);
            }
        }
        return loaded;
    }

    private void fuzzAll(final int cases, final long seed) throws IOException {
        final int gguf = fuzz(cases / 2, seed, this::gguf);
        final int huggingFace = fuzz(cases / 2, seed, this::huggingFace);
        assertThat(gguf).as("some must load, or nothing is tested").isPositive();
        assertThat(huggingFace).isPositive();
        System.getLogger(HostileModelsTest.class.getName()).log(System.Logger.Level.INFO,
                cases + " hostile models: " + gguf + " GGUF files and " + huggingFace + " directories loaded, the rest were refused");
    }

    /** Found by the slow fuzz: whatever is made per layer was made before any tensor was asked for. */
    @Test
    void layersThatNoTensorsCanMakeAreRefusedAtOnce() {
        final Path file = directory.resolve("deep.gguf");
        final Map<String, GgufValue> metadata = metadata(new Random(0), "phi3");
        metadata.put("phi3.block_count", GgufValue.ofInteger(1 << 26));
        metadata.put("phi3.embedding_length", GgufValue.ofInteger(HIDDEN));
        final List<PlannedTensor> one = List.of(new PlannedTensor("token_embd.weight", TensorType.F32, List.of(2L, (long) HIDDEN)));
        try (GgufWriter writer = GgufWriter.create(file, metadata, one)) {
            writer.append(MemorySegment.ofArray(new byte[2 * HIDDEN * Float.BYTES]));
            writer.publish();
        }
        try (ModelSource source = ModelSource.open(file)) {
            assertThatThrownBy(() -> ModelLoader.load(source, backend, ModelLoader.Options.defaults())).isInstanceOf(SpillwayException.class)
                    .hasMessageContaining("67108864 layers cannot be made of 1 tensors");
        }
    }

    @Test
    void modelsLoadOrAreRefused() throws IOException {
        fuzzAll(FAST_CASES, 1);
    }

    @Test
    @Tag("slow")
    void manyModelsLoadOrAreRefused() throws IOException {
        fuzzAll(SLOW_CASES, 1L << 40);
    }
}
