package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A GGUF file's metadata as a Hugging Face configuration: the way back from {@link GgufKeys}. Used by one thread. */
public final class DirectoryConfig {
    private static final double LLAMA3_LOW = 1;
    private static final double LLAMA3_HIGH = 4;
    private static final int LLAMA3_TOKENS = 8192;

    private final ModelSource source;
    private final ModelShape shape;
    private final Metadata metadata;
    private final Map<String, Object> config = new LinkedHashMap<>();

    private DirectoryConfig(final ModelSource source, final ModelShape shape) {
        this.source = source;
        this.shape = shape;
        metadata = new Metadata(source);
    }

    /**
     * @param source     a GGUF file
     * @param shape      what {@link ModelShapes} reads of it
     * @param vocabulary rows of the embedding
     * @return the content of {@code config.json}: texts, numbers, truth values, lists and maps of them; nothing of tokens
     * @throws SpillwayException INVALID_MODEL_FILE for gpt-oss, whose experts have no other type than their own
     */
    public static Map<String, Object> of(final ModelSource source, final ModelShape shape, final int vocabulary) {
        final DirectoryConfig made = new DirectoryConfig(source, shape);
        made.kind();
        made.sizes(vocabulary);
        made.experts();
        made.windows();
        made.gemma();
        made.rotary();
        return made.config;
    }

    private void kind() {
        final String name = switch (shape.architecture()) {
            case LLAMA -> "Llama";
            case MISTRAL -> "Mistral";
            case MIXTRAL -> "Mixtral";
            case QWEN2 -> "Qwen2";
            case QWEN3 -> "Qwen3";
            case QWEN3_MOE -> "Qwen3Moe";
            case GEMMA2 -> "Gemma2";
            case GEMMA3 -> "Gemma3";
            case PHI3 -> "Phi3";
            case GPT_OSS -> throw InvalidModel.because(source, "gpt-oss has experts of MXFP4, which nothing else is made of");
        };
        config.put("architectures", List.of(name + "ForCausalLM"));
        config.put("model_type", shape.architecture().huggingFaceName());
        final String activation = shape.architecture().activation();
        config.put(shape.architecture().normsAddOne() ? "hidden_activation" : "hidden_act", activation);
    }

    private void sizes(final int vocabulary) {
        final ModelShape.Attention attention = shape.attention();
        config.put("num_hidden_layers", shape.layers());
        config.put("hidden_size", shape.hidden());
        config.put("intermediate_size", shape.architecture() == Architecture.QWEN3_MOE
                ? (int) metadata.integer("feed_forward_length", "").orElse(shape.feedForward()) : shape.feedForward());
        config.put("num_attention_heads", attention.heads());
        config.put("num_key_value_heads", attention.kvHeads());
        config.put("head_dim", attention.headDim());
        config.put("max_position_embeddings", shape.contextTokens());
        config.put("rms_norm_eps", decimal(shape.epsilon()));
        config.put("vocab_size", vocabulary);
        final WeightReader reader = new WeightReader(source);
        config.put("tie_word_embeddings", !reader.has(WeightName.OUTPUT));
        if (shape.architecture() == Architecture.LLAMA) {
            config.put("attention_bias", reader.has(WeightName.QUERY_BIAS));
        }
    }

    /** @return the shortest decimal of that float: 1e-6 and not 9.999999974752427e-7 */
    private static double decimal(final float value) {
        return Double.parseDouble(Float.toString(value));
    }

    private void experts() {
        final ModelShape.Experts experts = shape.experts();
        if (experts.count() == 0) {
            return;
        }
        config.put("num_experts_per_tok", experts.chosen());
        if (shape.architecture() == Architecture.QWEN3_MOE) {
            config.put("num_experts", experts.count());
            config.put("moe_intermediate_size", experts.feedForward());
            config.put("norm_topk_prob", experts.normalised());
        } else {
            config.put("num_local_experts", experts.count());
        }
    }

    private void windows() {
        final List<String> types = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            types.add(shape.attention().windows().tokensOf(layer) > 0 ? "sliding_attention" : "full_attention");
        }
        final boolean any = types.contains("sliding_attention");
        final Integer none = shape.architecture() == Architecture.GEMMA2 ? 0 : null; // absent, it would mean 4096 there
        config.put("sliding_window", any ? Integer.valueOf(shape.attention().windows().tokens()) : none);
        if (shape.architecture().windowsByLayerNumber()) {
            config.put("use_sliding_window", any);
        }
        if (any) {
            config.put("layer_types", types);
        }
    }

    private void gemma() {
        if (!shape.architecture().normsAddOne()) {
            return;
        }
        final double scale = shape.attention().scale();
        config.put("query_pre_attn_scalar", Math.round(1 / (scale * scale)));
        config.put("attn_logit_softcapping", shape.architecture() == Architecture.GEMMA2 ? decimal(shape.attention().softcap()) : null);
        config.put("final_logit_softcapping",
                shape.architecture() == Architecture.GEMMA2 || shape.scaling().logitSoftcap() > 0 ? decimal(shape.scaling().logitSoftcap()) : null);
    }

    private void rotary() {
        final AttentionReader reader = new AttentionReader(source, metadata, shape.architecture());
        config.put("rope_theta", decimal((float) reader.rotaryBase()));
        if (shape.architecture() == Architecture.GEMMA3) {
            config.put("rope_local_base_freq", decimal((float) reader.windowRotaryBase()));
        }
        final int rotatedDims = 2 * shape.attention().rotary().frequencies().length;
        if (rotatedDims < shape.attention().headDim()) {
            config.put("partial_rotary_factor", (double) rotatedDims / shape.attention().headDim());
        }
        final Map<String, Object> scaling = scaling(rotatedDims);
        config.put("rope_scaling", scaling.isEmpty() ? null : scaling);
    }

    private Map<String, Object> scaling(final int rotatedDims) {
        final Map<String, Object> scaling = new LinkedHashMap<>();
        final WeightReader reader = new WeightReader(source);
        final double factor = metadata.real("rope.scaling.factor", "").orElse(metadata.real("rope.scale_linear", "").orElse(1));
        final String type = metadata.string("rope.scaling.type", "").orElse("linear");
        if (reader.has(WeightName.ROTARY_FACTORS)) {
            llama3(reader.vector(WeightName.ROTARY_FACTORS, 0, rotatedDims / 2), scaling);
        } else if (reader.has(WeightName.ROTARY_FACTORS_LONG) && reader.has(WeightName.ROTARY_FACTORS_SHORT)) {
            final int original = metadata.positive("rope.scaling.original_context_length", "", shape.contextTokens());
            scaling.put("type", "longrope");
            scaling.put("long_factor", reader.vector(WeightName.ROTARY_FACTORS_LONG, 0, rotatedDims / 2));
            scaling.put("short_factor", reader.vector(WeightName.ROTARY_FACTORS_SHORT, 0, rotatedDims / 2));
            scaling.put("attention_factor", decimal(shape.attention().rotary().magnitude()));
            config.put("original_max_position_embeddings", original);
        } else if (type.equals("yarn")) {
            yarn(factor, scaling);
        } else if (type.equals("linear") && factor != 1 && factor != 0) {
            scaling.put("rope_type", "linear");
            scaling.put("factor", decimal((float) factor));
        }
        return scaling;
    }

    /** GGUF keeps what comes of the four numbers; all of Meta's models have these three, and the caller compares. */
    private void llama3(final float[] factors, final Map<String, Object> scaling) {
        float greatest = 1;
        for (final float factor : factors) {
            greatest = Math.max(greatest, factor);
        }
        scaling.put("rope_type", "llama3");
        scaling.put("factor", decimal(greatest));
        scaling.put("low_freq_factor", LLAMA3_LOW);
        scaling.put("high_freq_factor", LLAMA3_HIGH);
        scaling.put("original_max_position_embeddings", LLAMA3_TOKENS);
    }

    private void yarn(final double factor, final Map<String, Object> scaling) {
        scaling.put("rope_type", "yarn");
        scaling.put("factor", decimal((float) factor));
        scaling.put("original_max_position_embeddings", metadata.positive("rope.scaling.original_context_length", "", shape.contextTokens()));
        metadata.real("rope.scaling.yarn_beta_fast", "").ifPresent(beta -> scaling.put("beta_fast", decimal((float) beta)));
        metadata.real("rope.scaling.yarn_beta_slow", "").ifPresent(beta -> scaling.put("beta_slow", decimal((float) beta)));
        scaling.put("attention_factor", decimal(shape.attention().rotary().magnitude()));
        scaling.put("truncate", metadata.bool(GgufRotary.YARN_TRUNCATE).orElse(true));
    }
}
