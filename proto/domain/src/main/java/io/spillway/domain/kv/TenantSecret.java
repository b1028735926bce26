package io.spillway.domain.kv;

/**
 * A tenant's share of block identity: without it nobody can name, and so hit or time, the tenant's blocks.
 * Never logged; leaves the coordinator only mixed into a chain's root.
 */
public final class TenantSecret {
    /** Bytes of a secret. */
    public static final int BYTES = 32;

    private final byte[] bytes;

    /** @param bytes {@link #BYTES} random bytes; copied */
    public TenantSecret(final byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a tenant secret has " + BYTES + " bytes, not " + bytes.length);
        }
        this.bytes = bytes.clone();
    }

    /** @return a copy */
    public byte[] toBytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof TenantSecret secret && java.security.MessageDigest.isEqual(bytes, secret.bytes);
    }

    @Override
    public int hashCode() {
        return java.util.Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "TenantSecret[hidden]";
    }
}
