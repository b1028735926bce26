package io.spillway.node.stored;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads one {@code quantization_config}.
 *
 * @param config the object itself
 */
record QuantizationConfig(ModelSource source, HfConfig config) {
    private static final int TILE_MAX = 1 << 20;

    Quantization read() {
        final String method = config.string("quant_method").orElse("").toLowerCase(Locale.ROOT);
        return switch (method) {
            case "fp8" -> fp8();
            case "fbgemm_fp8" -> new Quantization.Fp8(0, 0);
            case "compressed-tensors" -> compressedTensors();
            case "modelopt" -> modelOpt();
            case "gptq" -> gptq();
            case "awq" -> awq();
            case "mxfp4" -> new Quantization.MxFp4();
            default -> throw refused("quantization method '" + method + "'", "gptq, awq, mxfp4, fp8 and compressed-tensors (float-quantized)");
        };
    }

    private Quantization fp8() {
        final String format = config.string("fmt").orElse("e4m3");
        if (!format.equals("e4m3")) {
            throw refused("FP8 format '" + format + "'", "e4m3");
        }
        return tiles(config, "weight_block_size");
    }

    private Quantization tiles(final HfConfig at, final String key) {
        final Optional<long[]> size = at.integers(key);
        if (size.isEmpty()) {
            return new Quantization.Fp8(0, 0);
        }
        final long[] tile = size.get();
        if (tile.length != 2 || tile[0] <= 0 || tile[1] <= 0 || tile[0] > TILE_MAX || tile[1] > TILE_MAX || tile[1] % 32 != 0) {
            throw refused(key + " that is not [rows, columns] with columns a multiple of 32", "[128, 128], for instance,");
        }
        return new Quantization.Fp8((int) tile[0], (int) tile[1]);
    }

    private Quantization compressedTensors() {
        final String format = config.string("format").orElse("");
        final Optional<HfConfig> weights = config.object("config_groups").flatMap(g -> g.object("group_0")).flatMap(g -> g.object("weights"));
        final boolean floats = weights.flatMap(w -> w.string("type")).orElse("float").equals("float")
                && weights.map(w -> w.integer("num_bits").orElse(8)).orElse(8L) == 8;
        if (!floats || !(format.equals("float-quantized") || format.equals("naive-quantized"))) {
            throw refused("compressed-tensors format '" + format + "'", "float-quantized with 8 bits");
        }
        return weights.map(w -> tiles(w, "block_structure")).orElseGet(() -> new Quantization.Fp8(0, 0));
    }

    private Quantization modelOpt() {
        final String algorithm = config.string("quant_algo").or(() -> config.object("quantization").flatMap(q -> q.string("quant_algo"))).orElse("");
        if (!algorithm.equals("FP8")) {
            throw refused("modelopt algorithm '" + algorithm + "'", "FP8");
        }
        return new Quantization.Fp8(0, 0);
    }

    private Quantization gptq() {
        final String layout = config.string("checkpoint_format").orElse("gptq");
        if (!(layout.equals("gptq") || layout.equals("gptq_v2")) || config.bool("is_marlin_format").orElse(false)) {
            throw refused("GPTQ checkpoint format '" + layout + "'", "gptq and gptq_v2");
        }
        return new Quantization.Gptq(group("bits", "group_size"), layout.equals("gptq") ? 1 : 0);
    }

    private Quantization awq() {
        final String version = config.string("version").orElse("gemm").toLowerCase(Locale.ROOT);
        if (!version.equals("gemm")) {
            throw refused("AWQ version '" + version + "'", "gemm");
        }
        return new Quantization.Awq(group(config.integer("bits").isPresent() ? "bits" : "w_bit", config.integer("group_size").isPresent() ? "group_size" : "q_group_size"));
    }

    private int group(final String bitsKey, final String groupKey) {
        final long bits = config.integer(bitsKey).orElse(0);
        if (bits != 4) {
            throw refused(bitsKey + " " + bits, "4");
        }
        final long group = config.integer(groupKey).orElse(0);
        if (group != -1 && (group <= 0 || group % 32 != 0 || group > TILE_MAX)) {
            throw refused(groupKey + " " + group, "a multiple of 32, or -1 for whole rows,");
        }
        return (int) group;
    }

    private SpillwayException refused(final String what, final String supported) {
        return InvalidTensor.because(source, "its quantization_config has " + what + ", which is not supported; " + supported
                + " is. Use the original weights, or convert them with spillway quantize");
    }
}
