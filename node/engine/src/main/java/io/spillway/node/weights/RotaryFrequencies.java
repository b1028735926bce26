package io.spillway.node.weights;

import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.Optional;

/** Radians per position of each pair of dimensions, from a model's metadata, with the scalings in common use. */
final class RotaryFrequencies {
    private static final double BASE_DEFAULT = 10_000;

    private RotaryFrequencies() {
    }

    static double[] read(final ModelSource source, final Metadata metadata, final int headDim) {
        final Optional<HfConfig> nested = metadata.config().flatMap(c -> c.object("rope_parameters"));
        final double base = nested.map(c -> c.real("rope_theta")).filter(v -> v.isPresent())
                .orElseGet(() -> metadata.real("rope.freq_base", "rope_theta")).orElse(BASE_DEFAULT);
        if (!(base > 1)) {
            throw InvalidModel.because(source, "its rotary base is " + base);
        }
        final double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = StrictMath.pow(base, -2.0 * i / headDim);
        }
        if (metadata.gguf().isPresent()) {
            scaleGguf(source, metadata, frequencies);
        } else {
            nested.or(() -> metadata.config().flatMap(c -> c.object("rope_scaling"))).ifPresent(s -> scaleHf(source, s, frequencies));
        }
        return frequencies;
    }

    private static void scaleGguf(final ModelSource source, final Metadata metadata, final double[] frequencies) {
        final String type = metadata.string("rope.scaling.type", "").orElse("none");
        if (type.equals("linear")) {
            divide(source, frequencies, metadata.real("rope.scaling.factor", "").orElse(1));
        } else if (!type.equals("none")) {
            throw unsupported(source, type);
        }
        final String factorsName = WeightName.ROTARY_FACTORS.in(true, 0);
        if (source.find(factorsName).isPresent()) { // the tensor is how GGUF carries the llama3 scaling
            final float[] factors = new WeightReader(source).vector(WeightName.ROTARY_FACTORS, 0, frequencies.length);
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] /= factors[i];
            }
        }
    }

    private static void scaleHf(final ModelSource source, final HfConfig scaling, final double[] frequencies) {
        final String type = scaling.string("rope_type").or(() -> scaling.string("type")).orElse("default");
        switch (type) {
            case "default" -> { }
            case "linear" -> divide(source, frequencies, required(source, scaling, "factor"));
            case "llama3" -> scaleLlama3(source, scaling, frequencies);
            default -> throw unsupported(source, type);
        }
    }

    private static void divide(final ModelSource source, final double[] frequencies, final double factor) {
        if (!(factor > 0)) {
            throw InvalidModel.because(source, "its rotary scaling factor is " + factor);
        }
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] /= factor;
        }
    }

    /** Long waves are stretched by the factor, short ones kept, those between interpolated. */
    private static void scaleLlama3(final ModelSource source, final HfConfig scaling, final double[] frequencies) {
        final double factor = required(source, scaling, "factor");
        final double low = required(source, scaling, "low_freq_factor");
        final double high = required(source, scaling, "high_freq_factor");
        final double original = required(source, scaling, "original_max_position_embeddings");
        for (int i = 0; i < frequencies.length; i++) {
            final double turns = original * frequencies[i] / (2 * Math.PI);
            final double kept = Math.clamp((turns - low) / (high - low), 0.0, 1.0);
            frequencies[i] = (1 - kept) * frequencies[i] / factor + kept * frequencies[i];
        }
    }

    private static double required(final ModelSource source, final HfConfig scaling, final String key) {
        return scaling.real(key).orElseThrow(() -> InvalidModel.because(source, "its rope scaling has no " + key));
    }

    private static RuntimeException unsupported(final ModelSource source, final String type) {
        return InvalidModel.because(source, "rope scaling '" + type + "' is not supported; none, linear and llama3 are");
    }
}
