package io.spillway.domain.id;

import java.util.regex.Pattern;

/** A batch job: many requests in one file, answered from idle capacity. Safe as a file name. */
public record BatchId(String value) implements Comparable<BatchId> {
    private static final Pattern ALLOWED = Pattern.compile("batch_[A-Za-z0-9_-]{1,80}");

    public BatchId {
        if (value == null || !ALLOWED.matcher(value).matches()) {
            throw new IllegalArgumentException("BatchId must be batch_ and 1 to 80 characters of [A-Za-z0-9_-]");
        }
    }

    /** @return whether that text is the id of a batch, of one that exists or not */
    public static boolean fits(final String value) {
        return ALLOWED.matcher(value).matches();
    }

    @Override
    public int compareTo(final BatchId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
