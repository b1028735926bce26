package io.spillway.domain.error;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A failure to report: a code, one sentence for a person, and the offending field where there is one. Both may quote what was sent, and are
 * therefore cut in the middle when they are long: nobody gets a long input back, and no log line or header grows with it.
 */
public final class SpillwayException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int DETAIL_CHARS_MAX = 1_000;
    private static final int FIELD_CHARS_MAX = 200;
    private static final String CUT = "[…]";

    private final ErrorCode code;
    private final String field;
    private final long retryAfterNanos;

    /** @param detail one sentence that says what is wrong and what to do; never prompt text or keys */
    public SpillwayException(final ErrorCode code, final String detail) {
        this(code, detail, null, null, 0);
    }

    public SpillwayException(final ErrorCode code, final String detail, final Throwable cause) {
        this(code, detail, null, cause, 0);
    }

    private SpillwayException(final ErrorCode code, final String detail, final String field, final Throwable cause, final long retryAfterNanos) {
        super(bounded(requireNonNull(detail, "detail"), DETAIL_CHARS_MAX), cause);
        this.code = requireNonNull(code, "code");
        this.field = field == null ? null : bounded(field, FIELD_CHARS_MAX);
        this.retryAfterNanos = retryAfterNanos;
    }

    /** @param field path of the offending field, for instance {@code messages[0].role} */
    public static SpillwayException ofField(final ErrorCode code, final String field, final String detail) {
        return new SpillwayException(code, detail, field, null, 0);
    }

    /** @param nanos after which the same request may succeed; positive */
    public static SpillwayException retryAfter(final ErrorCode code, final String detail, final long nanos) {
        return new SpillwayException(code, detail, null, null, nanos);
    }

    private static String bounded(final String text, final int charsMax) {
        if (text.length() <= charsMax) {
            return text;
        }
        final int head = charsMax / 2 - CUT.length();
        final int tail = text.length() - charsMax / 2;
        return text.substring(0, head - (Character.isHighSurrogate(text.charAt(head - 1)) ? 1 : 0)) + CUT
            + text.substring(tail + (Character.isLowSurrogate(text.charAt(tail)) ? 1 : 0));
    }

    public ErrorCode code() {
        return code;
    }

    public Optional<String> field() {
        return Optional.ofNullable(field);
    }

    /** @return after which time the same request may succeed; empty when nobody knows */
    public OptionalLong retryAfterNanos() {
        return retryAfterNanos > 0 ? OptionalLong.of(retryAfterNanos) : OptionalLong.empty();
    }
}
