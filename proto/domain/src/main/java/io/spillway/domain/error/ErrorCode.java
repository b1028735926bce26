package io.spillway.domain.error;

/**
 * Every failure that Spillway reports. Numbers are part of the wire contract: never reuse or renumber one.
 *
 * <p>Ranges: 1000 request, 2000 identity and limits, 3000 capacity and placement, 4000 KV, 5000 cluster, 9000 our fault.
 */
public enum ErrorCode {
    INVALID_JSON(1000, ErrorKind.INVALID_REQUEST),
    MISSING_FIELD(1001, ErrorKind.INVALID_REQUEST),
    INVALID_TYPE(1002, ErrorKind.INVALID_REQUEST),
    INVALID_VALUE(1003, ErrorKind.INVALID_REQUEST),
    BELOW_MINIMUM(1004, ErrorKind.INVALID_REQUEST),
    ABOVE_MAXIMUM(1005, ErrorKind.INVALID_REQUEST),
    CONTEXT_LENGTH_EXCEEDED(1006, ErrorKind.INVALID_REQUEST),
    UNSUPPORTED(1007, ErrorKind.INVALID_REQUEST),
    TEMPLATE_FAILED(1008, ErrorKind.INVALID_REQUEST),
    REQUEST_TOO_LARGE(1009, ErrorKind.TOO_LARGE),
    UNKNOWN_PATH(1010, ErrorKind.NOT_FOUND),
    METHOD_NOT_ALLOWED(1011, ErrorKind.INVALID_REQUEST, 405),
    MODEL_NOT_FOUND(1012, ErrorKind.NOT_FOUND),
    /** A conversation cannot be continued: its last response is not kept any more, or never was. */
    PREVIOUS_RESPONSE_NOT_FOUND(1013, ErrorKind.INVALID_REQUEST),
    /** The request came in too slowly; a faster line may do. */
    REQUEST_TIMEOUT(1030, ErrorKind.TIMEOUT, 408),
    /** The body is packed in a way that is not taken here. */
    UNSUPPORTED_ENCODING(1031, ErrorKind.INVALID_REQUEST, 415),
    INVALID_API_KEY(2000, ErrorKind.UNAUTHENTICATED),
    FORBIDDEN(2001, ErrorKind.FORBIDDEN),
    RATE_LIMIT_EXCEEDED(2002, ErrorKind.RATE_LIMITED),
    /** All that the caller may ever use is used up: waiting is of no use. */
    QUOTA_EXCEEDED(2003, ErrorKind.RATE_LIMITED),
    /** The key is known, and good for other things only. */
    INSUFFICIENT_SCOPE(2004, ErrorKind.FORBIDDEN),
    OVERLOADED(3000, ErrorKind.UNAVAILABLE),
    NO_NODE(3001, ErrorKind.UNAVAILABLE),
    NODE_LOST(3002, ErrorKind.UNAVAILABLE),
    DRAINING(3003, ErrorKind.UNAVAILABLE),
    DEADLINE_EXCEEDED(3004, ErrorKind.TIMEOUT),
    CANCELLED(3005, ErrorKind.CANCELLED),
    /** The model's output broke a policy as often as it was asked. */
    INVALID_OUTPUT(3006, ErrorKind.UNAVAILABLE),
    KV_LAYOUT_MISMATCH(4000, ErrorKind.INVALID_REQUEST),
    KV_CORRUPT(4001, ErrorKind.INTERNAL),
    STALE_EPOCH(5000, ErrorKind.CONFLICT),
    IDENTITY_MISMATCH(5001, ErrorKind.CONFLICT),
    ALREADY_EXISTS(5002, ErrorKind.CONFLICT),
    NOT_FOUND(5003, ErrorKind.NOT_FOUND),
    NO_LEADER(5004, ErrorKind.UNAVAILABLE),
    INVALID_CONFIG(5005, ErrorKind.INVALID_REQUEST),
    INVALID_MODEL_FILE(5006, ErrorKind.INVALID_REQUEST),
    /** What was asked cannot be done with it as it is now. */
    WRONG_STATE(5007, ErrorKind.CONFLICT),
    INTERNAL(9000, ErrorKind.INTERNAL);

    private final int number;
    private final ErrorKind kind;
    private final int httpStatus;

    ErrorCode(final int number, final ErrorKind kind) {
        this(number, kind, kind.httpStatus());
    }

    ErrorCode(final int number, final ErrorKind kind, final int httpStatus) {
        this.number = number;
        this.kind = kind;
        this.httpStatus = httpStatus;
    }

    /** @return the stable number that stands for this code on the wire */
    public int number() {
        return number;
    }

    /** @return what the caller should do about it */
    public ErrorKind kind() {
        return kind;
    }

    /** @return the HTTP status: that of its kind, unless HTTP has one for just this */
    public int httpStatus() {
        return httpStatus;
    }

    /** @return whether the same request, sent again later, may succeed */
    public boolean retryable() {
        return kind.retryable() && this != QUOTA_EXCEEDED;
    }

    /** @return the code of that number; {@link #INTERNAL} when a newer peer sent one we do not know */
    public static ErrorCode ofNumber(final int number) {
        for (final ErrorCode code : values()) {
            if (code.number == number) {
                return code;
            }
        }
        return INTERNAL;
    }
}
