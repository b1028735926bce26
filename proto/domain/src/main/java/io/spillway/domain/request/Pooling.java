package io.spillway.domain.request;

/** How the hidden states of a prompt's tokens become one vector. Behind the final norm; the vector has length 1. */
public enum Pooling {
    /** The last token's: it has seen all others. The prompt's prefix may come from the cache. */
    LAST(1),
    /** The mean of all tokens', added up in order of position: every token is computed. */
    MEAN(2);

    private final int number;

    Pooling(final int number) {
        this.number = number;
    }

    /** @return stable number on the wire */
    public int number() {
        return number;
    }

    /** @throws IllegalArgumentException for a number no version has used */
    public static Pooling ofNumber(final int number) {
        for (final Pooling pooling : values()) {
            if (pooling.number == number) {
                return pooling;
            }
        }
        throw new IllegalArgumentException("unknown pooling number " + number);
    }
}
