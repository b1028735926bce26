package io.spillway.domain.id;

import java.util.regex.Pattern;

/** A file that a tenant has uploaded, or that a batch has made. Safe as a file name: it holds neither dots nor slashes. */
public record FileId(String value) implements Comparable<FileId> {
    private static final Pattern ALLOWED = Pattern.compile("file-[A-Za-z0-9_-]{1,80}");

    public FileId {
        if (value == null || !ALLOWED.matcher(value).matches()) {
            throw new IllegalArgumentException("FileId must be file- and 1 to 80 characters of [A-Za-z0-9_-]");
        }
    }

    /** @return whether that text is the id of a file, of one that exists or not */
    public static boolean fits(final String value) {
        return ALLOWED.matcher(value).matches();
    }

    @Override
    public int compareTo(final FileId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
