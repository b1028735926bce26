package io.spillway.wire.codec;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.ErrorKind;
import io.spillway.domain.error.SpillwayException;

/** Failures as gRPC statuses. The one mapping of {@link ErrorKind} to gRPC; the exact code travels beside it. */
public final class StatusCodec {
    private static final Metadata.Key<String> CODE =
        Metadata.Key.of("spillway-error-code", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> FIELD =
        Metadata.Key.of("spillway-error-field", Metadata.ASCII_STRING_MARSHALLER);

    private StatusCodec() {
    }

    /** @return what to end a call with */
    public static StatusRuntimeException toStatus(final SpillwayException failure) {
        final Metadata trailers = new Metadata();
        trailers.put(CODE, Integer.toString(failure.code().number()));
        failure.field().ifPresent(field -> trailers.put(FIELD, field));
        return status(failure.code().kind()).withDescription(failure.getMessage()).asRuntimeException(trailers);
    }

    /** @return any throwable as a failure to report: ours as it was, gRPC's by its status */
    public static SpillwayException toException(final Throwable failure) {
        if (failure instanceof SpillwayException known) {
            return known;
        }
        final Metadata trailers = trailers(failure);
        final Status status = Status.fromThrowable(failure);
        final String detail = String.valueOf(status.getDescription());
        final String number = trailers == null ? null : trailers.get(CODE);
        if (number != null && number.chars().allMatch(Character::isDigit) && number.length() < 9) {
            final ErrorCode code = ErrorCode.ofNumber(Integer.parseInt(number));
            final String field = trailers.get(FIELD);
            return field == null ? new SpillwayException(code, detail, failure)
                : SpillwayException.ofField(code, field, detail);
        }
        return new SpillwayException(code(status.getCode()), detail, failure);
    }

    private static Metadata trailers(final Throwable failure) {
        return switch (failure) {
            case StatusRuntimeException status -> status.getTrailers();
            case StatusException status -> status.getTrailers();
            default -> null;
        };
    }

    private static Status status(final ErrorKind kind) {
        return switch (kind) {
            case INVALID_REQUEST, TOO_LARGE -> Status.INVALID_ARGUMENT;
            case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
            case FORBIDDEN -> Status.PERMISSION_DENIED;
            case NOT_FOUND -> Status.NOT_FOUND;
            case CONFLICT -> Status.FAILED_PRECONDITION;
            case RATE_LIMITED -> Status.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Status.UNAVAILABLE;
            case TIMEOUT -> Status.DEADLINE_EXCEEDED;
            case CANCELLED -> Status.CANCELLED;
            case INTERNAL -> Status.INTERNAL;
        };
    }

    private static ErrorCode code(final Status.Code code) {
        return switch (code) {
            // A server that shuts down cancels its calls: to the other side it is lost, and another may serve. Whoever
            // cancels a call itself does not ask what became of it.
            case UNAVAILABLE, CANCELLED -> ErrorCode.NODE_LOST;
            case DEADLINE_EXCEEDED -> ErrorCode.DEADLINE_EXCEEDED;
            case UNAUTHENTICATED -> ErrorCode.INVALID_API_KEY;
            case PERMISSION_DENIED -> ErrorCode.FORBIDDEN;
            case RESOURCE_EXHAUSTED -> ErrorCode.OVERLOADED;
            case INVALID_ARGUMENT -> ErrorCode.INVALID_VALUE;
            case NOT_FOUND -> ErrorCode.NOT_FOUND;
            default -> ErrorCode.INTERNAL;
        };
    }
}
