package io.spillway.modelfile;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;

/** The one way in which this package says that a file will not do: the file, what is wrong, what to do. */
final class Refusal {
    private static final int QUOTED_CHARACTERS_MAX = 60;

    private Refusal() {
    }

    static SpillwayException of(final Path file, final String problem) {
        return new SpillwayException(ErrorCode.INVALID_MODEL_FILE, text(file, problem));
    }

    static SpillwayException of(final Path file, final String problem, final Throwable cause) {
        return new SpillwayException(ErrorCode.INVALID_MODEL_FILE, text(file, problem), cause);
    }

    /** A broken file: the remedy is always the same. */
    static SpillwayException damaged(final Path file, final String problem) {
        return of(file, problem + "; the file is damaged or incomplete, fetch it again");
    }

    /** @return {@code text} as it may appear in a message: short, without control characters */
    static String quote(final String text) {
        final String shortened = text.length() <= QUOTED_CHARACTERS_MAX ? text : text.substring(0, QUOTED_CHARACTERS_MAX) + "…";
        return "'" + shortened.replaceAll("\\p{Cntrl}", "?") + "'";
    }

    private static String text(final Path file, final String problem) {
        return "model " + file + ": " + problem;
    }
}
