package io.spillway.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.plan.PlannedModel.Each;
import io.spillway.local.plan.PlannedModel.Stored;
import io.spillway.local.plan.PlannedModel.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads a {@link PlannedModel} of a {@code config.json} alone: no weights are needed. */
final class ModelConfig {
    /** Kinds with multi-head latent attention. */
    static final Set<String> LATENT_KINDS = Set.of("deepseek_v2", "deepseek_v3", "kimi_k2");
    private static final List<String> LOADED_KINDS =
        List.of("llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "gemma2", "gemma3_text", "phi3", "gpt_oss");
    private static final double MXFP4_BYTES = 17.0 / 32;
    private static final int GROUP_NUMBERS = 128;
    /** One byte, and a 32-bit scale for every square of 128. */
    private static final double FP8_BYTES = 1 + (double) Float.BYTES / (GROUP_NUMBERS * GROUP_NUMBERS);

    private final List<String> notes = new ArrayList<>();
    private final String source;
    private final ConfigFields whole;
    private final ConfigFields config;

    private ModelConfig(final String source, final JsonNode tree) {
        this.source = source;
        whole = new ConfigFields(source, tree);
        config = whole.has("num_hidden_layers") ? whole : whole.object("text_config").orElse(whole);
        if (config != whole) {
            notes.add("the text part only: what reads images or sound is not counted");
        }
    }

    /**
     * @param source what messages call it
     * @return the model; throws {@link SpillwayException} with the key that is missing, wrong, or of a kind that is not known
     */
    static PlannedModel read(final String source, final JsonNode tree) {
        return new ModelConfig(source, tree).model();
    }

    private PlannedModel model() {
        final String kind = config.text("model_type").orElseThrow(() -> config.wrong(ErrorCode.MISSING_FIELD, "model_type", "is missing"));
        if (!LOADED_KINDS.contains(kind) && !LATENT_KINDS.contains(kind)) {
            throw config.wrong(ErrorCode.UNSUPPORTED, "model_type", "'" + kind + "' is not known here; " + String.join(", ", LOADED_KINDS)
                + " and " + String.join(", ", LATENT_KINDS.stream().sorted().toList()) + " are");
        }
        final PlannedModel.Attention attention = new AttentionFields(config, kind).read();
        final Weights weights = new WeightFields(config, kind, attention).read();
        if (LATENT_KINDS.contains(kind)) {
            notes.add("the engine does not load " + kind + " yet; the cache is counted as one latent row per token and layer on every GPU, "
                + "without multi-token prediction layers and without sparse attention");
        }
        if (attention.windowLayers() > 0) {
            notes.add(attention.windowLayers() + " of " + attention.layers() + " layers see the last " + attention.windowTokens()
                + " tokens only: they read less, but the engine's blocks keep all tokens of all layers, and so does this plan");
        }
        return new PlannedModel(kind, config.count("max_position_embeddings", 0), attention, weights, stored(weights, kind), notes);
    }

    private Stored stored(final Weights weights, final String kind) {
        final int bytes = numberBytes();
        final Optional<ConfigFields> quantised = whole.object("quantization_config").or(() -> config.object("quantization_config"));
        final String method = quantised.map(ModelConfig::method).orElse("");
        final double outer = bytes;
        return switch (method) {
            case "" -> new Stored(weights.total() * bytes, Each.alike(outer), bytes == Float.BYTES ? "32 bits" : "16 bits", false);
            case "fp8" -> of(weights, new Each(outer, FP8_BYTES, FP8_BYTES), "fp8 in the layers");
            case "mxfp4" -> of(weights, new Each(outer, outer, MXFP4_BYTES), "mxfp4 experts");
            case "awq", "gptq" -> {
                final double rounded = grouped(quantised.orElseThrow());
                yield of(weights, new Each(outer, rounded, rounded), method + " in the layers");
            }
            default -> throw whole.wrong(ErrorCode.UNSUPPORTED, "quantization_config.quant_method",
                "'" + method + "' is not known here (" + kind
                    + "); fp8, fbgemm_fp8, modelopt (FP8), compressed-tensors (float-quantized), mxfp4, awq and gptq are");
        };
    }

    private static Stored of(final Weights weights, final Each each, final String label) {
        final double layers = weights.common() * each.common() + weights.experts().numbers() * each.experts();
        final double rest = (weights.embedding() + weights.head() + weights.vectors()) * each.outer();
        return new Stored((long) Math.ceil(layers + rest), each, label, false);
    }

    /** @return the method; those with eight-bit floats under one name */
    private static String method(final ConfigFields quantised) {
        final String method = quantised.text("quant_method").orElse("unnamed").toLowerCase(Locale.ROOT);
        final boolean floats = switch (method) {
            case "fbgemm_fp8" -> true;
            case "compressed-tensors" -> Set.of("float-quantized", "naive-quantized").contains(quantised.text("format").orElse(""));
            case "modelopt" -> quantised.text("quant_algo").or(() -> quantised.object("quantization").flatMap(each -> each.text("quant_algo")))
                .orElse("").equals("FP8");
            default -> false;
        };
        return floats ? "fp8" : method;
    }

    /** Bits of a number, and a 16-bit scale and a zero point for every group; groups of whole rows weigh next to nothing. */
    private static double grouped(final ConfigFields quantised) {
        final int bits = quantised.size(quantised.has("bits") ? "bits" : "w_bit");
        final int group = quantised.wholeRowsOr(quantised.has("group_size") ? "group_size" : "q_group_size", GROUP_NUMBERS);
        return (bits + (group < 0 ? 0 : (Short.SIZE + (double) bits) / group)) / Byte.SIZE;
    }

    private int numberBytes() {
        final String type = config.text("torch_dtype").or(() -> config.text("dtype")).or(() -> whole.text("torch_dtype"))
            .or(() -> whole.text("dtype")).orElse("");
        return switch (type) {
            case "float32" -> Float.BYTES;
            case "float16", "bfloat16" -> Short.BYTES;
            case "" -> {
                final String note = "its configuration does not say how weights are stored: 16 bits are assumed";
                if (!notes.contains(note)) {
                    notes.add(note);
                }
                yield Short.BYTES;
            }
            default -> throw config.wrong(ErrorCode.UNSUPPORTED, "torch_dtype", "'" + type + "' is not known in " + source);
        };
    }
}
