package io.spillway.coordinator.access;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.TenantId;
import java.util.EnumSet;
import java.util.Set;

/**
 * An API key, as the cluster knows it: never the secret, only its hash. Immutable.
 *
 * @param sha256Hex SHA-256 of the secret, in hexadecimal
 * @param name      what its owner calls it
 * @param hint      how the secret begins, so that its owner recognises it; "" = nobody told: the key was brought by its hash
 * @param scopes    what it may be used for
 * @param successor id of the key that it was rotated to; "" = none
 */
public record ApiKey(
    String sha256Hex, TenantId tenant, String name, String hint, Set<Scope> scopes, KeyTimes times, String successor) {
    private static final int ID_DIGITS = 24;
    private static final String ID_PREFIX = "key_";

    public ApiKey {
        requireNonNull(sha256Hex, "sha256Hex");
        requireNonNull(tenant, "tenant");
        requireNonNull(times, "times");
        scopes = scopes.isEmpty() ? Set.of() : java.util.Collections.unmodifiableSet(EnumSet.copyOf(scopes));
    }

    /** A key that is good for everything and for ever, brought by its hash. */
    public static ApiKey unbounded(final String sha256Hex, final TenantId tenant, final String name) {
        return new ApiKey(sha256Hex, tenant, name, "", Scope.all(), KeyTimes.UNKNOWN, "");
    }

    /** @return the name that the key goes by where its secret must not be: the beginning of the hash */
    public String id() {
        return idOf(sha256Hex);
    }

    /** @return the id of the key with that hash */
    public static String idOf(final String sha256Hex) {
        return ID_PREFIX + sha256Hex.substring(0, Math.min(ID_DIGITS, sha256Hex.length()));
    }

    /** @return whether it is taken at that time */
    public boolean taken(final long epochMillis) {
        return times.revokedMillis() == 0 && epochMillis < times.endsMillis();
    }

    /** @return whether it may be used for that */
    public boolean has(final Scope scope) {
        return scopes.contains(scope);
    }

    /** @return the same key with other times */
    public ApiKey with(final KeyTimes other) {
        return new ApiKey(sha256Hex, tenant, name, hint, scopes, other, successor);
    }

    /** @return the same key, used at that time */
    public ApiKey usedAt(final long epochMillis) {
        return with(times.usedAt(epochMillis));
    }

    /** @return the same key, not taken from that time on */
    public ApiKey revokedAt(final long epochMillis) {
        return with(times.revokedAt(epochMillis));
    }

    /** @return the same key, taken for at most as long as its owner needs to change over to another one */
    public ApiKey rotatedTo(final String other, final long untilEpochMillis) {
        return new ApiKey(sha256Hex, tenant, name, hint, scopes, times.endingBy(untilEpochMillis), other);
    }
}
