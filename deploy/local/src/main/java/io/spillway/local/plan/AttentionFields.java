package io.spillway.local.plan;

import io.spillway.domain.error.ErrorCode;
import java.util.List;
import java.util.Map;

/** Reads heads, windows and latent rows of a {@code config.json}, with what each kind assumes where it is silent. */
final class AttentionFields {
    private static final int WINDOW_GEMMA2 = 4096;
    private static final Map<String, Integer> HEAD_DIMS =
        Map.of("gemma2", 256, "gemma3_text", 256, "qwen3", 128, "qwen3_moe", 128, "gpt_oss", 64);
    private static final Map<String, Integer> PERIODS = Map.of("gemma2", 2, "gpt_oss", 2, "gemma3_text", 6);
    private static final int LAYERS_MAX = 10_000;
    private static final int HEADS_MAX = 1 << 16;

    private final ConfigFields config;
    private final String kind;

    AttentionFields(final ConfigFields config, final String kind) {
        this.config = config;
        this.kind = kind;
    }

    PlannedModel.Attention read() {
        final int layers = config.size("num_hidden_layers");
        final int hidden = config.size("hidden_size");
        final int heads = config.size("num_attention_heads");
        bounded("num_hidden_layers", layers, LAYERS_MAX);
        bounded("num_attention_heads", heads, HEADS_MAX);
        final PlannedModel.Latent latent = latent();
        final int kvHeads = latent.width() > 0 ? 1 : config.size("num_key_value_heads", heads);
        if (heads % kvHeads != 0) {
            throw config.wrong(ErrorCode.INVALID_VALUE, "num_key_value_heads", "is " + kvHeads + ", which " + heads + " heads cannot share");
        }
        final int headDim = latent.width() > 0 ? latent.width() : config.size("head_dim", HEAD_DIMS.getOrDefault(kind, Math.max(1, hidden / heads)));
        bounded("head_dim", headDim, HEADS_MAX);
        if (headDim % 2 != 0) {
            throw config.wrong(ErrorCode.INVALID_VALUE, "head_dim", "is " + headDim + "; heads must have rotary pairs");
        }
        final int windowTokens = windowTokens();
        int windowed = 0;
        for (int layer = 0; windowTokens > 0 && layer < layers; layer++) {
            windowed += windowed(layer) ? 1 : 0;
        }
        return new PlannedModel.Attention(layers, hidden, heads, kvHeads, headDim, windowed == 0 ? 0 : windowTokens, windowed, latent);
    }

    private void bounded(final String key, final int value, final int most) {
        if (value > most) {
            throw config.wrong(ErrorCode.ABOVE_MAXIMUM, key, "must be at most " + most);
        }
    }

    private PlannedModel.Latent latent() {
        if (!ModelConfig.LATENT_KINDS.contains(kind)) {
            return PlannedModel.Latent.NONE;
        }
        final int rotated = config.size("qk_rope_head_dim");
        return new PlannedModel.Latent(config.size("kv_lora_rank") + rotated, config.size("qk_nope_head_dim") + rotated, config.size("v_head_dim"));
    }

    private int windowTokens() {
        final boolean byNumber = kind.startsWith("qwen");
        final boolean used = config.flag("use_sliding_window", !byNumber);
        return used ? config.count("sliding_window", kind.equals("gemma2") ? WINDOW_GEMMA2 : 0) : 0;
    }

    private boolean windowed(final int layer) {
        final List<String> types = config.texts("layer_types");
        if (layer < types.size()) {
            return types.get(layer).equals("sliding_attention");
        }
        if (kind.startsWith("qwen")) {
            return layer >= config.count("max_window_layers", 0);
        }
        final int period = config.count("sliding_window_pattern", PERIODS.getOrDefault(kind, 0));
        return period <= 0 || layer % period < period - 1;
    }
}
