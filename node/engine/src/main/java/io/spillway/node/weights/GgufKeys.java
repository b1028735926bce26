package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A Hugging Face configuration as GGUF metadata: what {@link ModelShapes} reads of either. Used by one thread. */
public final class GgufKeys {
    private static final double EXACT = 1e-6;

    private final ModelSource source;
    private final HfConfig config;
    private final ModelShape shape;
    private final Map<String, GgufValue> keys = new LinkedHashMap<>();

    private GgufKeys(final ModelSource source, final ModelShape shape) {
        this.source = source;
        this.shape = shape;
        config = source.config().orElseThrow();
    }

    /**
     * @param source     a Hugging Face directory
     * @param shape      what {@link ModelShapes} reads of it
     * @param vocabulary rows of the embedding
     * @return keys in the order of a file, of the architecture only: nothing of the tokenizer
     * @throws SpillwayException INVALID_MODEL_FILE for a rope scaling that is broken
     */
    public static Map<String, GgufValue> of(final ModelSource source, final ModelShape shape, final int vocabulary) {
        final GgufKeys made = new GgufKeys(source, shape);
        made.keys.put("general.architecture", GgufValue.ofString(shape.architecture().ggufName()));
        made.keys.put("general.type", GgufValue.ofString("model"));
        made.keys.put("general.name", GgufValue.ofString(source.nameHint()));
        made.sizes(vocabulary);
        made.experts();
        made.windows();
        made.softcaps();
        made.rotary();
        return made.keys;
    }

    /** @return the rotary base of a Hugging Face directory */
    static double base(final ModelSource source) {
        final Metadata metadata = new Metadata(source);
        return new AttentionReader(source, metadata, Architecture.of(source, metadata)).rotaryBase();
    }

    private void integer(final String key, final int value) {
        keys.put(shape.architecture().ggufName() + "." + key, GgufValue.ofInteger(value));
    }

    private void real(final String key, final double value) {
        keys.put(shape.architecture().ggufName() + "." + key, GgufValue.ofReal((float) value));
    }

    private void sizes(final int vocabulary) {
        final ModelShape.Attention attention = shape.attention();
        integer("block_count", shape.layers());
        integer("context_length", shape.contextTokens());
        integer("embedding_length", shape.hidden());
        integer("feed_forward_length", shape.architecture() == Architecture.QWEN3_MOE
                ? (int) config.integer("intermediate_size").orElse(shape.feedForward()) : shape.feedForward());
        integer("vocab_size", vocabulary);
        integer("attention.head_count", attention.heads());
        integer("attention.head_count_kv", attention.kvHeads());
        integer("attention.key_length", attention.headDim());
        integer("attention.value_length", attention.headDim());
        real("attention.layer_norm_rms_epsilon", shape.epsilon());
    }

    private void experts() {
        if (shape.experts().count() > 0) {
            integer("expert_count", shape.experts().count());
            integer("expert_used_count", shape.experts().chosen());
            if (shape.architecture() != Architecture.MIXTRAL) {
                integer("expert_feed_forward_length", shape.experts().feedForward());
            }
        }
    }

    private void windows() {
        final ModelShape.Windows windows = shape.attention().windows();
        final int layers = shape.layers();
        boolean any = false;
        for (int layer = 0; layer < layers; layer++) {
            any |= windows.tokensOf(layer) > 0;
        }
        if (!any) {
            if (shape.architecture() == Architecture.GEMMA2 || shape.architecture() == Architecture.PHI3) {
                integer("attention.sliding_window", 0); // absent, it would mean another
            }
            return;
        }
        integer("attention.sliding_window", windows.tokens());
        int period = layers + 1;
        for (int candidate = layers; candidate >= 2; candidate--) {
            period = follows(candidate) ? candidate : period;
        }
        if (period <= layers && !shape.architecture().windowsByLayerNumber()) {
            integer("attention.sliding_window_pattern", period);
            return;
        }
        final int[] each = new int[layers];
        for (int layer = 0; layer < layers; layer++) {
            each[layer] = windows.tokensOf(layer) > 0 ? 1 : 0;
        }
        keys.put(shape.architecture().ggufName() + ".attention.sliding_window_pattern", GgufValue.ofIntegers(each));
    }

    /** Whether of so many layers the last sees everything. */
    private boolean follows(final int period) {
        for (int layer = 0; layer < shape.layers(); layer++) {
            if (shape.attention().windows().tokensOf(layer) > 0 != layer % period < period - 1) {
                return false;
            }
        }
        return true;
    }

    private void softcaps() {
        if (shape.architecture() == Architecture.GEMMA2 || shape.attention().softcap() > 0) {
            real("attn_logit_softcapping", shape.attention().softcap());
        }
        if (shape.architecture() == Architecture.GEMMA2 || shape.scaling().logitSoftcap() > 0) {
            real("final_logit_softcapping", shape.scaling().logitSoftcap());
        }
    }

    private void rotary() {
        final Rotary rotary = shape.attention().rotary();
        integer("rope.dimension_count", 2 * rotary.frequencies().length);
        real("rope.freq_base", base(source));
        if (shape.architecture() == Architecture.GEMMA3) {
            real("rope.freq_base_swa", new AttentionReader(source, new Metadata(source), shape.architecture()).windowRotaryBase());
        }
        final Optional<HfConfig> scaling = HfRotary.scaling(config, "full_attention");
        final String type = scaling.flatMap(s -> s.string("rope_type").or(() -> s.string("type"))).orElse("default");
        switch (type) {
            case "linear" -> {
                scalingType("linear");
                real("rope.scaling.factor", scaling.orElseThrow().real("factor").orElse(1));
            }
            case "yarn" -> yarn(scaling.orElseThrow());
            case "longrope", "su" -> {
                scalingType("longrope");
                integer("rope.scaling.original_context_length", originalTokens(scaling.orElseThrow()));
                real("rope.scaling.attn_factor", rotary.magnitude());
            }
            default -> { } // none, or llama 3's, which is a tensor
        }
    }

    private void yarn(final HfConfig scaling) {
        final double factor = scaling.real("factor").orElse(1);
        scalingType("yarn");
        real("rope.scaling.factor", factor);
        integer("rope.scaling.original_context_length", originalTokens(scaling));
        scaling.real("beta_fast").ifPresent(beta -> real("rope.scaling.yarn_beta_fast", beta));
        scaling.real("beta_slow").ifPresent(beta -> real("rope.scaling.yarn_beta_slow", beta));
        if (!scaling.bool("truncate").orElse(true)) {
            keys.put(shape.architecture().ggufName() + "." + GgufRotary.YARN_TRUNCATE, GgufValue.ofBool(false));
        }
        // GGUF's factor comes on top of YaRN's own.
        final double more = shape.attention().rotary().magnitude() / RotaryScalings.yarnMagnitude(factor, 1);
        if (Math.abs(more - 1) > EXACT) {
            real("rope.scaling.attn_factor", more);
        }
    }

    private int originalTokens(final HfConfig scaling) {
        final int rotatedDims = 2 * shape.attention().rotary().frequencies().length;
        return (int) new HfRotary(source, config, rotatedDims, shape.contextTokens()).originalTokens(scaling);
    }

    private void scalingType(final String type) {
        keys.put(shape.architecture().ggufName() + ".rope.scaling.type", GgufValue.ofString(type));
    }
}
