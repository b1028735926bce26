package io.spillway.node.packed;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;

/**
 * Whether, and where, packed weights are kept between starts.
 *
 * @param mode     what to do
 * @param folder   where, in mode {@link Mode#FOLDER}; else ignored
 * @param minBytes models with fewer bytes of tensors are packed each time
 */
public record CachePolicy(Mode mode, Path folder, long minBytes) {
    /** Packing this much takes about as long as starting the JVM. */
    public static final long MIN_BYTES_DEFAULT = 256L << 20;

    /** Where packed weights are kept. */
    public enum Mode {
        /** Nowhere. */
        OFF,
        /** Beside the model, or in the user's cache folder where the model's is read-only. */
        AUTO,
        /** In the folder given. */
        FOLDER
    }

    public CachePolicy {
        requireNonNull(mode, "mode");
        if (mode == Mode.FOLDER) {
            requireNonNull(folder, "folder");
        }
    }

    /** @return nothing is kept */
    public static CachePolicy off() {
        return new CachePolicy(Mode.OFF, null, 0);
    }

    /** @return beside models of 256 MiB and more */
    public static CachePolicy auto() {
        return new CachePolicy(Mode.AUTO, null, MIN_BYTES_DEFAULT);
    }

    /** @return in {@code folder}, models of 256 MiB and more */
    public static CachePolicy in(final Path folder) {
        return new CachePolicy(Mode.FOLDER, folder, MIN_BYTES_DEFAULT);
    }

    /** @return the same for models of any size */
    public CachePolicy ofAnySize() {
        return new CachePolicy(mode, folder, 0);
    }
}
