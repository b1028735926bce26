package io.spillway.domain.error;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/** A failure to report: a code, one sentence for a person, and the offending field where there is one. */
public final class SpillwayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String field;

    /** @param detail one sentence that says what is wrong and what to do; never prompt text or keys */
    public SpillwayException(final ErrorCode code, final String detail) {
        this(code, detail, null, null);
    }

    public SpillwayException(final ErrorCode code, final String detail, final Throwable cause) {
        this(code, detail, null, cause);
    }

    private SpillwayException(final ErrorCode code, final String detail, final String field, final Throwable cause) {
        super(requireNonNull(detail, "detail"), cause);
        this.code = requireNonNull(code, "code");
        this.field = field;
    }

    /** @param field path of the offending field, for instance {@code messages[0].role} */
    public static SpillwayException ofField(final ErrorCode code, final String field, final String detail) {
        return new SpillwayException(code, detail, field, null);
    }

    public ErrorCode code() {
        return code;
    }

    public Optional<String> field() {
        return Optional.ofNullable(field);
    }
}
