package io.spillway.config;

/**
 * A number of bytes with its unit in the file, for instance {@code 512MiB}.
 *
 * @param bytes never negative
 */
public record ByteSize(long bytes) {
    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must not be negative, got " + bytes);
        }
    }

    /** @param text a whole number and one of B, KiB, MiB, GiB, TiB */
    public static ByteSize parse(final String text) {
        return new ByteSize(Units.parseBytes(text));
    }

    @Override
    public String toString() {
        return Units.formatBytes(bytes);
    }
}
