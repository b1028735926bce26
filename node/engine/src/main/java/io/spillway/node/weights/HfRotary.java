package io.spillway.node.weights;

import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.Optional;

/** Reads the rotation of a Hugging Face configuration. Used by the loading thread. */
final class HfRotary {
    private final ModelSource source;
    private final HfConfig config;
    private final int rotatedDims;
    private final int contextTokens;

    HfRotary(final ModelSource source, final HfConfig config, final int rotatedDims, final int contextTokens) {
        this.source = source;
        this.config = config;
        this.rotatedDims = rotatedDims;
        this.contextTokens = contextTokens;
    }

    /** @return the scaling of one kind of layers, or of all; newer configurations have one for each kind */
    static Optional<HfConfig> scaling(final HfConfig config, final String layers) {
        final Optional<HfConfig> parameters = config.object("rope_parameters");
        return parameters.flatMap(p -> p.object(layers)).or(() -> parameters).or(() -> config.object("rope_scaling"));
    }

    Rotary read(final double base, final Optional<HfConfig> scaling) {
        final double[] frequencies = Rotary.frequencies(base, rotatedDims);
        if (scaling.isEmpty()) {
            return new Rotary(frequencies, 1);
        }
        final HfConfig s = scaling.get();
        final String type = s.string("rope_type").or(() -> s.string("type")).orElse("default");
        return switch (type) {
            case "default" -> new Rotary(frequencies, 1);
            case "linear" -> {
                RotaryScalings.linear(frequencies, factor(s));
                yield new Rotary(frequencies, 1);
            }
            case "llama3" -> {
                RotaryScalings.llama3(frequencies, factor(s), required(s, "low_freq_factor"), required(s, "high_freq_factor"),
                        required(s, "original_max_position_embeddings"));
                yield new Rotary(frequencies, 1);
            }
            case "yarn" -> yarn(frequencies, base, s);
            case "longrope", "su" -> longRope(frequencies, s);
            default -> throw InvalidModel.because(source,
                    "rope scaling '" + type + "' is not supported; default, linear, llama3, yarn and longrope are");
        };
    }

    private Rotary yarn(final double[] frequencies, final double base, final HfConfig s) {
        final double factor = factor(s);
        RotaryScalings.yarn(frequencies, new RotaryScalings.Yarn(base, originalTokens(s), factor,
                s.real("beta_fast").orElse(RotaryScalings.Yarn.BETA_FAST_DEFAULT),
                s.real("beta_slow").orElse(RotaryScalings.Yarn.BETA_SLOW_DEFAULT), s.bool("truncate").orElse(true)));
        final double weight = s.real("mscale").orElse(0);
        final double weightAll = s.real("mscale_all_dim").orElse(0);
        final double told = weight != 0 && weightAll != 0
                ? RotaryScalings.yarnMagnitude(factor, weight) / RotaryScalings.yarnMagnitude(factor, weightAll)
                : RotaryScalings.yarnMagnitude(factor, 1);
        return new Rotary(frequencies, (float) s.real("attention_factor").orElse(told));
    }

    private Rotary longRope(final double[] frequencies, final HfConfig s) {
        final double original = originalTokens(s);
        final float[] factors = s.reals(contextTokens > original ? "long_factor" : "short_factor")
                .orElseThrow(() -> InvalidModel.because(source, "its rope scaling has no long_factor and short_factor"));
        if (factors.length != frequencies.length) {
            throw InvalidModel.because(source, "its rope scaling has " + factors.length + " factors for " + frequencies.length + " pairs");
        }
        RotaryScalings.perPair(frequencies, positive(source, factors));
        final double factor = s.real("factor").orElse(trainedTokens() / original);
        return new Rotary(frequencies,
                (float) s.real("attention_factor").orElse(RotaryScalings.longRopeMagnitude(factor, original)));
    }

    private double trainedTokens() {
        return config.integer("max_position_embeddings").orElse(contextTokens);
    }

    double originalTokens(final HfConfig s) {
        final double original = s.real("original_max_position_embeddings")
                .orElse(config.real("original_max_position_embeddings").orElse(trainedTokens()));
        if (!(original > 1)) {
            throw InvalidModel.because(source, "original_max_position_embeddings is " + original);
        }
        return original;
    }

    private double factor(final HfConfig s) {
        final double factor = required(s, "factor");
        if (!(factor > 0)) {
            throw InvalidModel.because(source, "its rotary scaling factor is " + factor);
        }
        return factor;
    }

    private double required(final HfConfig s, final String key) {
        return s.real(key).orElseThrow(() -> InvalidModel.because(source, "its rope scaling has no " + key));
    }

    static float[] positive(final ModelSource source, final float[] factors) {
        for (final float factor : factors) {
            if (!(factor > 0)) {
                throw InvalidModel.because(source, "a rotary factor is " + factor);
            }
        }
        return factors;
    }
}
