package io.spillway.domain.kv;

import java.util.HexFormat;

/** What a model is, by content: SHA-256 over its weight files, in hexadecimal. */
public record ModelFingerprint(String hex) {
    public ModelFingerprint {
        if (hex == null || hex.length() != 64 || !hex.equals(hex.toLowerCase(java.util.Locale.ROOT))) {
            throw new IllegalArgumentException("a model fingerprint is 64 lower-case hexadecimal digits");
        }
        HexFormat.of().parseHex(hex);
    }

    /** @return the 32 bytes of the digest */
    public byte[] toBytes() {
        return HexFormat.of().parseHex(hex);
    }

    @Override
    public String toString() {
        return hex;
    }
}
