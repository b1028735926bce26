package io.spillway.node.weights;

import io.spillway.modelfile.ModelSource;

/** Reads the rotation of a GGUF file: metadata, and factors per pair that stand as tensors. Used by the loading thread. */
final class GgufRotary {
    /** Ours: other programs always truncate. Without it gpt-oss would not be what its makers made. */
    static final String YARN_TRUNCATE = "rope.scaling.yarn_truncate";

    private final ModelSource source;
    private final Metadata metadata;
    private final int rotatedDims;
    private final int contextTokens;

    GgufRotary(final ModelSource source, final Metadata metadata, final int rotatedDims, final int contextTokens) {
        this.source = source;
        this.metadata = metadata;
        this.rotatedDims = rotatedDims;
        this.contextTokens = contextTokens;
    }

    /** @param base of the frequencies @param scaled whether the file's scaling applies */
    Rotary read(final double base, final boolean scaled) {
        final double[] frequencies = Rotary.frequencies(base, rotatedDims);
        if (!scaled) {
            return new Rotary(frequencies, 1);
        }
        // What an absent type means is llama.cpp's choice: with a factor, linear.
        final String type = metadata.string("rope.scaling.type", "").orElse("linear");
        final double factor = metadata.real("rope.scaling.factor", "").orElse(metadata.real("rope.scale_linear", "").orElse(1));
        final double stretch = type.equals("none") || factor == 0 ? 1 : factor;
        if (!(stretch > 0)) {
            throw InvalidModel.because(source, "its rotary scaling factor is " + factor);
        }
        double magnitude = metadata.real("rope.scaling.attn_factor", "").orElse(1);
        switch (type) {
            case "none" -> { }
            case "linear", "longrope" -> RotaryScalings.linear(frequencies, stretch);
            case "yarn" -> {
                RotaryScalings.yarn(frequencies, yarn(base, stretch));
                magnitude *= yarnMagnitude(stretch);
            }
            default -> throw InvalidModel.because(source, "rope scaling '" + type + "' is not supported; none, linear, yarn and longrope are");
        }
        divideByFactors(frequencies);
        return new Rotary(frequencies, (float) magnitude);
    }

    private double yarnMagnitude(final double factor) {
        final double weight = metadata.real("rope.scaling.yarn_log_multiplier", "").orElse(0);
        final double told = weight == 0 ? RotaryScalings.yarnMagnitude(factor, 1)
                : RotaryScalings.yarnMagnitude(factor, 1) / RotaryScalings.yarnMagnitude(factor, weight);
        return metadata.real("rope.scaling.yarn_attn_factor", "").orElse(told);
    }

    private RotaryScalings.Yarn yarn(final double base, final double factor) {
        if (metadata.real("rope.scaling.yarn_ext_factor", "").orElse(1) != 1) {
            throw InvalidModel.because(source, "rope.scaling.yarn_ext_factor other than 1 is not supported");
        }
        return new RotaryScalings.Yarn(base, originalTokens(), factor,
                metadata.real("rope.scaling.yarn_beta_fast", "").orElse(RotaryScalings.Yarn.BETA_FAST_DEFAULT),
                metadata.real("rope.scaling.yarn_beta_slow", "").orElse(RotaryScalings.Yarn.BETA_SLOW_DEFAULT),
                metadata.bool(YARN_TRUNCATE).orElse(true));
    }

    private int originalTokens() {
        return metadata.positive("rope.scaling.original_context_length", "", contextTokens);
    }

    /** One set of factors for every length (llama 3), or one for each of short and long contexts (LongRoPE). */
    private void divideByFactors(final double[] frequencies) {
        final WeightReader reader = new WeightReader(source);
        final WeightName longer = contextTokens > originalTokens() ? WeightName.ROTARY_FACTORS_LONG : WeightName.ROTARY_FACTORS_SHORT;
        for (final WeightName name : new WeightName[] {WeightName.ROTARY_FACTORS, longer}) {
            if (reader.has(name)) {
                RotaryScalings.perPair(frequencies, HfRotary.positive(source, reader.vector(name, 0, frequencies.length)));
                return;
            }
        }
    }
}
