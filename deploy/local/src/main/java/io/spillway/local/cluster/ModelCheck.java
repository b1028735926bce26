package io.spillway.local.cluster;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import java.nio.file.Files;
import java.nio.file.Path;

/** Judges a model path before anything is started, so that a wrong one costs a second and not a half-started cluster. */
public final class ModelCheck {
    private ModelCheck() {
    }

    /** Throws {@link SpillwayException} INVALID_MODEL_FILE with one line that says what to do, if {@code model} cannot be read as a model. */
    public static void check(final Path model) {
        if (!Files.exists(model)) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE,
                "no model at " + model + "; give --model a GGUF file or a Hugging Face directory");
        }
        final ModelSource source = ModelSource.open(model);
        source.close();
    }
}
