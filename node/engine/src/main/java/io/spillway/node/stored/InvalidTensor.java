package io.spillway.node.stored;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;

/** How this package refuses a model: always with the path, what is wrong and what to do. */
final class InvalidTensor {
    private InvalidTensor() {
    }

    static SpillwayException because(final ModelSource source, final String problem) {
        return new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "model " + source.path() + ": " + problem);
    }
}
