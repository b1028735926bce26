package io.spillway.gateway.files;

/**
 * How much may be kept.
 *
 * @param fileBytesMax   largest file
 * @param tenantFilesMax most files of one tenant
 * @param tenantBytesMax most bytes of one tenant's files
 */
public record FileLimits(long fileBytesMax, int tenantFilesMax, long tenantBytesMax) {
    /** 512 MiB a file, 10,000 files and 64 GiB a tenant. */
    public static final FileLimits USUAL = new FileLimits(512L << 20, 10_000, 64L << 30);

    public FileLimits {
        if (fileBytesMax < 1 || tenantFilesMax < 1 || tenantBytesMax < fileBytesMax) {
            throw new IllegalArgumentException(
                "fileBytesMax and tenantFilesMax must be positive, and tenantBytesMax at least fileBytesMax");
        }
    }
}
