package io.spillway.grammar.schema;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;

/** What is said of a schema that cannot be used; the field is the JSON pointer of the keyword. */
final class SchemaErrors {
    private SchemaErrors() {
    }

    static SpillwayException invalid(final String pointer, final String what) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, "#" + pointer, "schema: #" + pointer + " " + what);
    }

    static SpillwayException wrongType(final String pointer, final String wanted) {
        return SpillwayException.ofField(ErrorCode.INVALID_TYPE, "#" + pointer, "schema: #" + pointer + " must be " + wanted);
    }

    static SpillwayException unsupported(final String pointer, final String what) {
        return SpillwayException.ofField(ErrorCode.UNSUPPORTED, "#" + pointer, "schema: #" + pointer + " is not supported: " + what);
    }

    static SpillwayException tooComplex(final String pointer, final String what) {
        return SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, "#" + pointer, "schema: #" + pointer + " " + what);
    }

    /** @return the same failure, said of a place in the schema */
    static SpillwayException at(final String pointer, final SpillwayException failure) {
        return failure.field().isPresent() ? failure
            : SpillwayException.ofField(failure.code(), "#" + pointer, "schema: #" + pointer + ": " + failure.getMessage());
    }
}
