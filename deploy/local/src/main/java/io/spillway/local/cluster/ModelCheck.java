package io.spillway.local.cluster;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Says what is wrong with a model path before anything is started. What is inside the files is judged by {@code modelfile}. */
public final class ModelCheck {
    private ModelCheck() {
    }

    /** Throws {@link SpillwayException} INVALID_MODEL_FILE with one line that says what to do, if {@code model} cannot be a model. */
    public static void check(final Path model) {
        if (!Files.exists(model)) {
            throw refused("no model at " + model + "; give --model a GGUF file or a Hugging Face directory");
        }
        if (Files.isDirectory(model)) {
            if (!Files.isRegularFile(model.resolve("config.json"))) {
                throw refused(model + " is not a Hugging Face model directory: it has no config.json" + ggufHint(model));
            }
            if (!hasFile(model, ".safetensors")) {
                throw refused(model + " has a config.json but no .safetensors weights; download them, or give --model a GGUF file");
            }
            return;
        }
        if (!startsWithGguf(model)) {
            throw refused(model + " is not a GGUF file (it does not start with \"GGUF\"); give --model a GGUF file or a Hugging Face"
                + " directory");
        }
    }

    private static String ggufHint(final Path directory) {
        return hasFile(directory, ".gguf") ? "; to use a GGUF file in it, name the file itself" : "";
    }

    private static boolean hasFile(final Path directory, final String ending) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.toString().endsWith(ending));
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + directory + ": " + e.getMessage(), e);
        }
    }

    private static boolean startsWithGguf(final Path file) {
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(4), java.nio.charset.StandardCharsets.ISO_8859_1).equals("GGUF");
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static SpillwayException refused(final String detail) {
        return new SpillwayException(ErrorCode.INVALID_MODEL_FILE, detail);
    }
}
