package io.spillway.coordinator.batch;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a tenant asked for. Immutable; any thread.
 *
 * @param endpoint          path that every line goes to
 * @param windowMillis      time it may take; what has not run by then is given up
 * @param metadata          the tenant's own words, in key order
 * @param outputKeepSeconds how long its output files are kept; empty = until they are deleted
 */
public record BatchOrder(
    TenantId tenant, FileId input, String endpoint, long windowMillis, SortedMap<String, String> metadata,
    OptionalLong outputKeepSeconds) {
    /** Most entries of {@code metadata}. */
    public static final int METADATA_MAX = 16;
    /** Most characters of a key in {@code metadata}. */
    public static final int METADATA_KEY_CHARS_MAX = 64;
    /** Most characters of a value in {@code metadata}. */
    public static final int METADATA_VALUE_CHARS_MAX = 512;
    /** Most characters of {@code endpoint}. */
    public static final int ENDPOINT_CHARS_MAX = 64;

    public BatchOrder {
        requireNonNull(tenant, "tenant");
        requireNonNull(input, "input");
        requireNonNull(endpoint, "endpoint");
        requireNonNull(outputKeepSeconds, "outputKeepSeconds");
        metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
    }

    /** @return what is wrong with it, in a sentence; empty when nothing is */
    String complaint() {
        if (windowMillis < 1) {
            return "windowMillis must be positive: " + windowMillis;
        }
        if (endpoint.length() > ENDPOINT_CHARS_MAX) {
            return "the endpoint must have at most " + ENDPOINT_CHARS_MAX + " characters";
        }
        final boolean tooLong = metadata.size() > METADATA_MAX || metadata.entrySet().stream().anyMatch(entry ->
            entry.getKey().length() > METADATA_KEY_CHARS_MAX || entry.getValue().length() > METADATA_VALUE_CHARS_MAX);
        return tooLong ? "metadata must have at most " + METADATA_MAX + " entries of at most " + METADATA_KEY_CHARS_MAX
            + " and " + METADATA_VALUE_CHARS_MAX + " characters" : "";
    }
}
