package io.spillway.domain.error;

/** What the caller should do about a failure. Its HTTP status is that of all its codes, but for the few that HTTP has one of their own for. */
public enum ErrorKind {
    /** The request is wrong and will stay wrong. */
    INVALID_REQUEST(400),
    /** No key, or a wrong one. */
    UNAUTHENTICATED(401),
    /** The key is known and may not do this. */
    FORBIDDEN(403),
    /** What was named does not exist. */
    NOT_FOUND(404),
    /** A name or a version is already taken. */
    CONFLICT(409),
    /** The body is over the size limit. */
    TOO_LARGE(413),
    /** A limit of the caller's was reached; later may work. */
    RATE_LIMITED(429),
    /** We cannot serve now: no capacity, draining, a worker lost before the first token. */
    UNAVAILABLE(503),
    /** A deadline passed. */
    TIMEOUT(504),
    /** The caller went away or asked to stop. */
    CANCELLED(499),
    /** Our fault. */
    INTERNAL(500);

    private final int httpStatus;

    ErrorKind(final int httpStatus) {
        this.httpStatus = httpStatus;
    }

    /** @return the HTTP status of every failure of this kind */
    public int httpStatus() {
        return httpStatus;
    }

    /** @return whether the same request, sent again later, may succeed */
    public boolean retryable() {
        return this == RATE_LIMITED || this == UNAVAILABLE || this == TIMEOUT;
    }
}
