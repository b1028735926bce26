package io.spillway.coordinator.batch;

import static java.util.Objects.requireNonNull;

/**
 * Why an input was refused.
 *
 * @param param field of the line; "" = none
 * @param line  number of the line, from 1; 0 = the file as a whole
 */
public record BatchProblem(String code, String message, String param, int line) {
    /** Most characters of each text; longer ones are cut. */
    public static final int CHARS_MAX = 300;
    /** Most problems kept of a batch. */
    public static final int LISTED_MAX = 20;

    public BatchProblem {
        code = cut(requireNonNull(code, "code"));
        message = cut(requireNonNull(message, "message"));
        param = cut(requireNonNull(param, "param"));
    }

    private static String cut(final String text) {
        return text.length() <= CHARS_MAX ? text : text.substring(0, CHARS_MAX);
    }
}
