package io.spillway.coordinator.access;

/**
 * When what happened to a key, by the clock of whoever led then; milliseconds since 1970.
 *
 * @param createdMillis  0 = not known: keys of the first releases
 * @param expiresMillis  from when on it is not taken; 0 = never
 * @param lastUsedMillis to within an hour; 0 = not yet
 * @param revokedMillis  0 = it was not
 */
public record KeyTimes(long createdMillis, long expiresMillis, long lastUsedMillis, long revokedMillis) {
    /** Nothing is known. */
    public static final KeyTimes UNKNOWN = new KeyTimes(0, 0, 0, 0);

    /** @return when it stopped or stops being taken; {@link Long#MAX_VALUE} = never */
    public long endsMillis() {
        final long expires = expiresMillis == 0 ? Long.MAX_VALUE : expiresMillis;
        return revokedMillis == 0 ? expires : Math.min(expires, revokedMillis);
    }

    /** @return the same, and not taken from then on, if it was until then */
    KeyTimes endingBy(final long millis) {
        return new KeyTimes(createdMillis, expiresMillis == 0 ? millis : Math.min(expiresMillis, millis), lastUsedMillis, revokedMillis);
    }

    KeyTimes usedAt(final long millis) {
        return new KeyTimes(createdMillis, expiresMillis, Math.max(lastUsedMillis, millis), revokedMillis);
    }

    KeyTimes revokedAt(final long millis) {
        return new KeyTimes(createdMillis, expiresMillis, lastUsedMillis, millis);
    }
}
