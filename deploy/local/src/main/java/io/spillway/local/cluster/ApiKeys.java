package io.spillway.local.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The API key of a local cluster: made once, kept in its folder, so that it survives a restart. */
public final class ApiKeys {
    private static final int KEY_BYTES = 24;

    private ApiKeys() {
    }

    /** Keeps {@code key} in {@code file} instead of what was there. */
    public static void replace(final Path file, final String key) {
        try {
            SecretFile.write(file, key + "\n");
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /** @return the key in {@code file}, made and written there if there is none */
    public static String ofFile(final Path file) {
        try {
            if (Files.exists(file)) {
                final String key = Files.readString(file).strip();
                if (!key.isEmpty()) {
                    return key;
                }
            }
            final byte[] bytes = new byte[KEY_BYTES];
            new SecureRandom().nextBytes(bytes);
            final String key = "sk-spillway-" + HexFormat.of().formatHex(bytes);
            SecretFile.write(file, key + "\n");
            return key;
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot read or write " + file, e);
        }
    }
}
