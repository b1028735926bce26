package io.spillway.node.weights;

import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.Optional;

/** Reads heads, windows and rotation from a model's metadata. Used by the loading thread. */
final class AttentionReader {
    private static final double BASE_DEFAULT = 10_000;
    private static final double BASE_GEMMA3 = 1_000_000;
    private static final double BASE_GPT_OSS = 150_000;
    private static final int HEAD_DIM_GEMMA = 256;
    private static final int HEAD_DIM_QWEN3 = 128;
    private static final int HEAD_DIM_GPT_OSS = 64;
    private static final int WINDOW_GEMMA2 = 4096;
    private static final double SCORE_SOFTCAP_GEMMA2 = 50;
    /** The 27B models of gemma 2 and 3 scale queries by the width per head; GGUF does not say so. */
    private static final int LAYERS_GEMMA2_27B = 46;
    private static final int LAYERS_GEMMA3_27B = 62;

    private final ModelSource source;
    private final Metadata metadata;
    private final Architecture architecture;

    AttentionReader(final ModelSource source, final Metadata metadata, final Architecture architecture) {
        this.source = source;
        this.metadata = metadata;
        this.architecture = architecture;
    }

    ModelShape.Attention read(final int layers, final int hidden, final int contextTokens) {
        final int heads = metadata.positive("attention.head_count", "num_attention_heads");
        final int kvHeads = metadata.positive("attention.head_count_kv", "num_key_value_heads", heads);
        final int headDim = metadata.positive("attention.key_length", "head_dim", headDimDefault(Math.max(1, hidden / heads)));
        if (heads % kvHeads != 0) {
            throw InvalidModel.because(source, heads + " heads cannot share " + kvHeads + " key-value heads");
        }
        if (headDim % 2 != 0) {
            throw InvalidModel.because(source, "heads of " + headDim + " have no rotary pairs");
        }
        if ((long) heads * headDim > Integer.MAX_VALUE / 64) {
            throw InvalidModel.because(source, heads + " heads of " + headDim + " are no size");
        }
        final int rotatedDims = rotatedDims(headDim);
        final double base = rotaryBase();
        final Rotary rotary = metadata.config()
                .map(c -> new HfRotary(source, c, rotatedDims, contextTokens).read(base, HfRotary.scaling(c, "full_attention")))
                .orElseGet(() -> new GgufRotary(source, metadata, rotatedDims, contextTokens).read(base, true));
        return new ModelShape.Attention(heads, kvHeads, headDim, scale(layers, hidden / heads, headDim), softcap(), windows(layers), rotary,
                windowRotary(rotary, rotatedDims, contextTokens));
    }

    /** @return base of the frequencies of layers that see everything */
    double rotaryBase() {
        return base(metadata.config().flatMap(c -> HfRotary.scaling(c, "full_attention")), "rope.freq_base", "rope_theta", baseDefault());
    }

    /** @return base of the frequencies of layers with a window, where they have their own (gemma 3) */
    double windowRotaryBase() {
        final Optional<HfConfig> own = metadata.config().flatMap(c -> c.object("rope_parameters")).flatMap(p -> p.object("sliding_attention"));
        return base(own, "rope.freq_base_swa", "rope_local_base_freq", BASE_DEFAULT);
    }

    private int headDimDefault(final int even) {
        if (metadata.gguf().isPresent()) {
            return even;
        }
        return switch (architecture) {
            case GEMMA2, GEMMA3 -> HEAD_DIM_GEMMA;
            case QWEN3, QWEN3_MOE -> HEAD_DIM_QWEN3;
            case GPT_OSS -> HEAD_DIM_GPT_OSS;
            default -> even;
        };
    }

    private int rotatedDims(final int headDim) {
        final int partial = (int) (headDim * metadata.config().map(c -> c.real("partial_rotary_factor").orElse(1)).orElse(1.0));
        final int rotated = metadata.positive("rope.dimension_count", "rotary_dim", partial);
        final int valueDim = metadata.positive("attention.value_length", "v_head_dim", headDim);
        final boolean fits = rotated == headDim || architecture.rotatesPartly() && rotated < headDim && rotated % 2 == 0;
        if (!fits || valueDim != headDim) {
            throw InvalidModel.because(source, "heads of " + headDim + " with " + rotated + " rotated dimensions and values of "
                    + valueDim + " are not supported; all three must be equal");
        }
        return rotated;
    }

    private double baseDefault() {
        if (metadata.gguf().isPresent()) {
            return BASE_DEFAULT;
        }
        return switch (architecture) {
            case GEMMA3 -> BASE_GEMMA3;
            case GPT_OSS -> BASE_GPT_OSS;
            default -> BASE_DEFAULT;
        };
    }

    private double base(final Optional<HfConfig> nested, final String ggufKey, final String hfKey, final double absent) {
        final double base = nested.map(c -> c.real("rope_theta")).filter(v -> v.isPresent()).orElseGet(() -> metadata.real(ggufKey, hfKey)).orElse(absent);
        if (!(base > 1)) {
            throw InvalidModel.because(source, "its rotary base is " + base);
        }
        return base;
    }

    /** Gemma 3 turns its windowed layers faster, and never scales them. */
    private Rotary windowRotary(final Rotary rotary, final int rotatedDims, final int contextTokens) {
        if (architecture != Architecture.GEMMA3) {
            if (metadata.gguf().isPresent() && metadata.real("rope.freq_base_swa", "").isPresent()) {
                throw InvalidModel.because(source, "another rotary base for windowed layers (rope.freq_base_swa) is not supported here");
            }
            return rotary;
        }
        return new Rotary(Rotary.frequencies(windowRotaryBase(), rotatedDims), 1);
    }

    private float scale(final int layers, final int widthPerHead, final int headDim) {
        double width = headDim;
        if (architecture == Architecture.GEMMA2 || architecture == Architecture.GEMMA3) {
            final boolean large = layers == (architecture == Architecture.GEMMA2 ? LAYERS_GEMMA2_27B : LAYERS_GEMMA3_27B);
            width = metadata.config().map(c -> c.real("query_pre_attn_scalar").orElse(HEAD_DIM_GEMMA))
                    .orElse((double) (large ? widthPerHead : headDim));
        }
        if (!(width > 0)) {
            throw InvalidModel.because(source, "query_pre_attn_scalar is " + width);
        }
        return (float) (1.0 / Math.sqrt(width));
    }

    private float softcap() {
        final double softcap = metadata.real("attn_logit_softcapping", "attn_logit_softcapping").orElse(architecture == Architecture.GEMMA2 ? SCORE_SOFTCAP_GEMMA2 : 0);
        if (!(softcap >= 0) || softcap > 0 && architecture != Architecture.GEMMA2 && architecture != Architecture.GEMMA3) {
            throw InvalidModel.because(source, "a score softcap of " + softcap + " is not supported here");
        }
        return (float) softcap;
    }

    private ModelShape.Windows windows(final int layers) {
        final long tokens = metadata.integer("attention.sliding_window", "sliding_window").orElse(architecture == Architecture.GEMMA2 ? WINDOW_GEMMA2 : 0);
        final boolean used = metadata.config().map(c -> c.bool("use_sliding_window").orElse(!architecture.windowsByLayerNumber())).orElse(true);
        if (tokens == 0 || !used) {
            return ModelShape.Windows.NONE;
        }
        if (tokens < 0 || tokens > Integer.MAX_VALUE) {
            throw InvalidModel.because(source, "a window of " + tokens + " tokens is impossible");
        }
        final boolean[] windowed = new boolean[layers];
        final int[] pattern = metadata.gguf().flatMap(g -> g.integers(metadata.architecture() + ".attention.sliding_window_pattern")).orElse(null);
        for (int layer = 0; layer < layers; layer++) {
            windowed[layer] = pattern == null ? windowed(layer) : layer < pattern.length && pattern[layer] != 0;
        }
        return new ModelShape.Windows((int) tokens, windowed);
    }

    /** Of every period of layers the last sees everything; a period of 0 has none such. */
    private boolean windowed(final int layer) {
        final Optional<String> type = metadata.config().flatMap(c -> c.stringAt("layer_types", layer));
        if (type.isPresent()) {
            return type.get().equals("sliding_attention");
        }
        if (architecture.windowsByLayerNumber()) {
            return layer >= metadata.config().map(c -> c.integer("max_window_layers").orElse(0)).orElse(0L);
        }
        final long period = metadata.integer("attention.sliding_window_pattern", "sliding_window_pattern").orElse(switch (architecture) {
            case GEMMA2, GPT_OSS -> 2;
            case GEMMA3 -> 6;
            default -> 0;
        });
        return period <= 0 || layer % period < period - 1;
    }
}
