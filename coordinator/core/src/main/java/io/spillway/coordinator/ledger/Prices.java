package io.spillway.coordinator.ledger;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;

/**
 * Prices of one model, in nano-dollars (1e-9 dollars) per million tokens: 3 dollars per million tokens are 3e9.
 *
 * @param promptNanoDollarsPerMillion prompt tokens that had to be computed
 * @param cachedNanoDollarsPerMillion prompt tokens whose KV was found
 * @param outputNanoDollarsPerMillion output tokens
 */
public record Prices(
    long promptNanoDollarsPerMillion, long cachedNanoDollarsPerMillion, long outputNanoDollarsPerMillion) {
    /** Nothing costs anything. */
    public static final Prices FREE = new Prices(0, 0, 0);
    /** A thousand dollars per million tokens. Keeps the price of any request inside a {@code long}. */
    public static final long NANO_DOLLARS_PER_MILLION_MAX = 1_000_000_000_000L;

    public Prices {
        check("promptNanoDollarsPerMillion", promptNanoDollarsPerMillion);
        check("cachedNanoDollarsPerMillion", cachedNanoDollarsPerMillion);
        check("outputNanoDollarsPerMillion", outputNanoDollarsPerMillion);
    }

    /** @return these prices times {@code share}, each rounded to a whole nano-dollar; at least 0 and at most 1 */
    public Prices share(final double share) {
        if (!(share >= 0 && share <= 1)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "share", "a share of a price is between 0 and 1: " + share);
        }
        return new Prices(Math.round(promptNanoDollarsPerMillion * share), Math.round(cachedNanoDollarsPerMillion * share),
            Math.round(outputNanoDollarsPerMillion * share));
    }

    private static void check(final String field, final long price) {
        if (price < 0 || price > NANO_DOLLARS_PER_MILLION_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, field,
                field + " must be between 0 and " + NANO_DOLLARS_PER_MILLION_MAX + ": " + price);
        }
    }
}
