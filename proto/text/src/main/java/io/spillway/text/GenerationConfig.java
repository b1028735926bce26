package io.spillway.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.SamplingSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** Reads {@code generation_config.json}: how a model's makers would have it sampled. Owned by the thread that loads. */
final class GenerationConfig {
    static final String FILE = "generation_config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final JsonNode values;

    private GenerationConfig(final Path file, final JsonNode values) {
        this.file = file;
        this.values = values;
    }

    /** @return what stands in the folder of that file; nothing where there is none */
    static GenerationDefaults beside(final Path model) {
        return of(model.toAbsolutePath().getParent());
    }

    /** @throws SpillwayException {@code INVALID_MODEL_FILE} naming a value that cannot be used */
    static GenerationDefaults of(final Path directory) {
        final Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return GenerationDefaults.NONE;
        }
        try {
            return new GenerationConfig(file, JSON.readTree(Files.readString(file))).defaults();
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " is no valid JSON: " + e.getOriginalMessage(), e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** {@code do_sample: false} means the likeliest token, whatever the temperature beside it. */
    private GenerationDefaults defaults() {
        final JsonNode sample = values.path("do_sample");
        final boolean greedy = sample.isBoolean() && !sample.booleanValue();
        return checked(file, () -> new GenerationDefaults(
            new SamplingSettings(greedy ? OptionalDouble.of(0) : real("temperature"), topK(), real("top_p"), real("min_p"), real("typical_p"),
                real("repetition_penalty"), OptionalInt.empty()),
            whole("max_new_tokens")));
    }

    /** -1 and 0 mean off. */
    private OptionalInt topK() {
        final OptionalInt said = whole("top_k");
        return said.isPresent() ? OptionalInt.of(Math.max(0, said.getAsInt())) : said;
    }

    private OptionalDouble real(final String name) {
        final JsonNode value = values.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return OptionalDouble.empty();
        }
        if (!value.isNumber()) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + ": '" + name + "' is no number: " + value);
        }
        return OptionalDouble.of(value.doubleValue());
    }

    private OptionalInt whole(final String name) {
        final OptionalDouble value = real(name);
        if (value.isPresent() && value.getAsDouble() != Math.rint(value.getAsDouble())) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + ": '" + name + "' is no whole number: " + value.getAsDouble());
        }
        return value.isPresent() ? OptionalInt.of((int) value.getAsDouble()) : OptionalInt.empty();
    }

    /** @throws SpillwayException {@code INVALID_MODEL_FILE} where {@code read} finds a value out of its range ({@link SamplingParams}) */
    static GenerationDefaults checked(final Path from, final Supplier<GenerationDefaults> read) {
        try {
            return read.get();
        } catch (final SpillwayException e) {
            if (e.code() == ErrorCode.INVALID_MODEL_FILE) {
                throw e;
            }
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, from + ": " + e.getMessage(), e);
        }
    }
}
