package io.spillway.domain.request;

/** Why an output ended by itself. */
public enum FinishReason {
    /** A stop token or stop string. */
    STOP(1),
    /** The output limit or the context's end. */
    LENGTH(2);

    private final int number;

    FinishReason(final int number) {
        this.number = number;
    }

    /** @return stable number on the wire */
    public int number() {
        return number;
    }

    /** @throws IllegalArgumentException for a number no version has used */
    public static FinishReason ofNumber(final int number) {
        for (final FinishReason reason : values()) {
            if (reason.number == number) {
                return reason;
            }
        }
        throw new IllegalArgumentException("unknown finish reason number " + number);
    }
}
