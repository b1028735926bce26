package io.spillway.node.cpu;

import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.SafetensorsWriter;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a GGUF file whose weights are F32 as the Hugging Face directory it could have been converted from. */
final class HuggingFaceCopy {
    private static final Map<String, String> COMMON = Map.ofEntries(
            Map.entry("attn_norm.weight", "input_layernorm.weight"), Map.entry("attn_q.weight", "self_attn.q_proj.weight"),
            Map.entry("attn_k.weight", "self_attn.k_proj.weight"), Map.entry("attn_v.weight", "self_attn.v_proj.weight"),
            Map.entry("attn_q.bias", "self_attn.q_proj.bias"), Map.entry("attn_k.bias", "self_attn.k_proj.bias"),
            Map.entry("attn_v.bias", "self_attn.v_proj.bias"), Map.entry("attn_q_norm.weight", "self_attn.q_norm.weight"),
            Map.entry("attn_k_norm.weight", "self_attn.k_norm.weight"), Map.entry("attn_output.weight", "self_attn.o_proj.weight"),
            Map.entry("attn_qkv.weight", "self_attn.qkv_proj.weight"), Map.entry("ffn_norm.weight", "post_attention_layernorm.weight"),
            Map.entry("ffn_gate.weight", "mlp.gate_proj.weight"), Map.entry("ffn_up.weight", "mlp.up_proj.weight"),
            Map.entry("ffn_down.weight", "mlp.down_proj.weight"), Map.entry("ffn_gate_inp.weight", "mlp.gate.weight"),
            Map.entry("ffn_gate_exps.weight", "mlp.experts.@.gate_proj.weight"), Map.entry("ffn_up_exps.weight", "mlp.experts.@.up_proj.weight"),
            Map.entry("ffn_down_exps.weight", "mlp.experts.@.down_proj.weight"));
    private static final Map<String, Map<String, String>> OTHERWISE = Map.of(
            "mixtral", Map.of("ffn_gate_inp.weight", "block_sparse_moe.gate.weight", "ffn_gate_exps.weight", "block_sparse_moe.experts.@.w1.weight",
                    "ffn_up_exps.weight", "block_sparse_moe.experts.@.w3.weight", "ffn_down_exps.weight", "block_sparse_moe.experts.@.w2.weight"),
            "gpt", Map.of("ffn_gate_inp.weight", "mlp.router.weight", "ffn_gate_inp.bias", "mlp.router.bias", "attn_sinks.weight", "self_attn.sinks",
                    "attn_output.bias", "self_attn.o_proj.bias", "post_attention_norm.weight", "post_attention_layernorm.weight"),
            "phi3", Map.of("ffn_up.weight", "mlp.gate_up_proj.weight"),
            "gemma", Map.of("ffn_norm.weight", "pre_feedforward_layernorm.weight", "post_attention_norm.weight", "post_attention_layernorm.weight",
                    "post_ffw_norm.weight", "post_feedforward_layernorm.weight"));

    private final String kind;
    private final int headDim;
    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final Map<String, byte[]> bytes = new LinkedHashMap<>();
    private final Map<String, TensorEntry> blockEntries = new LinkedHashMap<>();
    private final Map<String, byte[]> blockBytes = new LinkedHashMap<>();
    private final Map<String, float[]> expertBiases = new LinkedHashMap<>();
    private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

    private HuggingFaceCopy(final String kind, final int headDim) {
        this.kind = kind;
        this.headDim = headDim;
    }

    /** @param kind llama, mixtral, phi3, gemma or anything else */
    static Path write(final GgufFile from, final String kind, final int headDim, final String config, final Path folder) throws IOException {
        final HuggingFaceCopy copy = new HuggingFaceCopy(kind, headDim);
        for (final TensorEntry entry : from.tensors()) {
            if (entry.type() == TensorType.F32) {
                copy.add(entry, from.tensor(entry.name()).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
            } else {
                copy.addBlocks(entry, from.tensor(entry.name()).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        copy.addGateUps();
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config);
        final List<PlannedTensor> planned = new ArrayList<>();
        copy.shapes.forEach((name, shape) -> planned.add(new PlannedTensor(name, copy.bytes.containsKey(name) ? TensorType.U8 : TensorType.F32, shape)));
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("model.safetensors"), Map.of(), planned)) {
            copy.shapes.keySet().forEach(name -> writer.append(MemorySegment.ofArray(
                    copy.bytes.containsKey(name) ? copy.bytes.get(name) : bytes(copy.values.get(name)))));
            writer.publish();
        }
        return folder;
    }

    private static byte[] bytes(final float[] data) {
        final byte[] bytes = new byte[data.length * Float.BYTES];
        MemorySegment.copy(data, 0, MemorySegment.ofArray(bytes), ValueLayout.JAVA_FLOAT_UNALIGNED, 0, data.length);
        return bytes;
    }

    private void add(final TensorEntry entry, final float[] data) {
        final String[] parts = entry.name().split("\\.", 3);
        switch (entry.name()) {
            case "token_embd.weight" -> put("model.embed_tokens.weight", entry.shape(), data);
            case "output_norm.weight" -> put("model.norm.weight", entry.shape(), norm(data));
            case "output.weight" -> put("lm_head.weight", entry.shape(), data);
            case "rope_factors_long.weight", "rope_factors_short.weight" -> { } // stand in the configuration
            default -> addLayer("model.layers." + parts[1] + ".", parts[2], entry.shape(), data);
        }
    }

    private void addBlocks(final TensorEntry entry, final byte[] stored) {
        blockEntries.put(entry.name(), entry);
        blockBytes.put(entry.name(), stored);
    }

    /** gpt-oss: gate and up take turns row by row; pairs of neighbours in a byte; exponents apart. */
    private void addGateUps() {
        for (int layer = 0; blockEntries.containsKey("blk." + layer + ".ffn_gate_exps.weight"); layer++) {
            final String from = "blk." + layer + ".ffn_";
            final String to = "model.layers." + layer + ".mlp.experts.";
            addMxFp4(to + "gate_up_proj", from + "gate_exps", from + "up_exps");
            addMxFp4(to + "down_proj", from + "down_exps", null);
        }
    }

    private void addMxFp4(final String name, final String even, final String odd) {
        final List<Long> shape = blockEntries.get(even + ".weight").shape();
        final int experts = shape.get(0).intValue();
        final int groups = shape.get(2).intValue() / 32;
        final int kinds = odd == null ? 1 : 2;
        final int rows = shape.get(1).intValue() * kinds;
        final byte[] blocks = new byte[experts * rows * groups * 16];
        final byte[] scales = new byte[experts * rows * groups];
        final float[] biases = new float[experts * rows];
        for (int row = 0; row < experts * rows; row++) {
            final String from = row % kinds == 0 ? even : odd;
            biases[row] = expertBiases.get(from + ".bias")[row / kinds];
            for (int g = 0; g < groups; g++) {
                final byte[] stored = blockBytes.get(from + ".weight");
                final int at = (row / kinds * groups + g) * 17;
                scales[row * groups + g] = stored[at];
                for (int column = 0; column < 32; column++) {
                    final int nibble = stored[at + 1 + column % 16] >> (column < 16 ? 0 : 4) & 0xF;
                    blocks[(row * groups + g) * 16 + column / 2] |= (byte) (nibble << 4 * (column % 2));
                }
            }
        }
        bytes.put(name + "_blocks", blocks);
        shapes.put(name + "_blocks", List.of((long) experts, (long) rows, (long) groups, 16L));
        bytes.put(name + "_scales", scales);
        shapes.put(name + "_scales", List.of((long) experts, (long) rows, (long) groups));
        put(name + "_bias", List.of((long) experts, (long) rows), biases);
    }

    private void addLayer(final String prefix, final String role, final List<Long> shape, final float[] data) {
        if (role.endsWith("_exps.bias")) {
            expertBiases.put("blk." + prefix.split("\\.")[2] + "." + role, data);
            return;
        }
        final String name = prefix + OTHERWISE.getOrDefault(kind, Map.of()).getOrDefault(role, COMMON.get(role));
        if (shape.size() == 3) {
            final int each = data.length / shape.get(0).intValue();
            for (int expert = 0; expert < shape.get(0); expert++) {
                put(name.replace("@", Integer.toString(expert)), shape.subList(1, 3), java.util.Arrays.copyOfRange(data, expert * each, (expert + 1) * each));
            }
        } else if (role.contains("norm")) {
            put(name, shape, norm(data));
        } else if ((kind.equals("llama") || kind.equals("mixtral")) && (role.startsWith("attn_q.") || role.startsWith("attn_k."))) {
            put(name, shape, halves(data, shape.get(1).intValue()));
        } else {
            put(name, shape, data);
        }
    }

    /** Gemma keeps what is added to one. */
    private float[] norm(final float[] data) {
        final float[] result = data.clone();
        for (int i = 0; i < result.length && kind.equals("gemma"); i++) {
            result[i] -= 1;
        }
        return result;
    }

    /** Neighbouring pairs become halves: what the converter to GGUF did, undone. */
    private float[] halves(final float[] data, final int columns) {
        final float[] result = new float[data.length];
        for (int row = 0; row < data.length / columns; row++) {
            final int dim = row % headDim;
            final int target = row - dim + dim / 2 + (dim % 2) * (headDim / 2);
            System.arraycopy(data, row * columns, result, target * columns, columns);
        }
        return result;
    }

    private void put(final String name, final List<Long> shape, final float[] data) {
        values.put(name, data);
        shapes.put(name, List.copyOf(shape));
    }
}
