package io.spillway.text;

import io.spillway.domain.request.GenerationDefaults;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.SamplingSettings;
import io.spillway.modelfile.GgufFile;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Reads the {@code general.sampling.*} keys of a GGUF file: how a model's makers would have it sampled. Stateless; any thread. */
final class GgufDefaults {
    private static final String KEY = "general.sampling.";
    /** What a penalty looks at where the file does not say it. */
    private static final int PENALTY_WINDOW_TOKENS = 64;

    private GgufDefaults() {
    }

    /** @throws io.spillway.domain.error.SpillwayException {@code INVALID_MODEL_FILE} naming a value that cannot be used */
    static GenerationDefaults read(final GgufFile file) {
        final OptionalLong window = file.integer(KEY + "penalty_last_n");
        final OptionalDouble penalty = real(file, "penalty_repeat");
        final boolean penalised = penalty.isPresent() && !(window.isPresent() && window.getAsLong() == 0);
        final OptionalDouble temperature = real(file, "temp");
        return GenerationConfig.checked(file.path(), () -> new GenerationDefaults(new SamplingSettings(
            temperature.isPresent() ? OptionalDouble.of(Math.max(0, temperature.getAsDouble())) : temperature, topK(file), real(file, "top_p"),
            real(file, "min_p"), OptionalDouble.empty(), penalised ? penalty : OptionalDouble.empty(),
            penalised ? OptionalInt.of(windowTokens(window)) : OptionalInt.empty()), OptionalInt.empty()));
    }

    /** Negative there means the whole context, which is 0 here. */
    private static int windowTokens(final OptionalLong window) {
        return (int) Math.clamp(window.orElse(PENALTY_WINDOW_TOKENS), 0, SamplingParams.REPETITION_WINDOW_MAX);
    }

    private static OptionalInt topK(final GgufFile file) {
        final OptionalLong said = file.integer(KEY + "top_k");
        return said.isPresent() ? OptionalInt.of((int) Math.clamp(said.getAsLong(), 0, Integer.MAX_VALUE)) : OptionalInt.empty();
    }

    /** The file holds single precision: what was meant is the shortest number that is stored so. */
    private static OptionalDouble real(final GgufFile file, final String name) {
        final OptionalDouble value = file.real(KEY + name);
        return value.isPresent() ? OptionalDouble.of(Double.parseDouble(Float.toString((float) value.getAsDouble()))) : value;
    }
}
