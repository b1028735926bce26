package io.spillway.node.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The compiled kernels: machine code for sm_80, sm_89, sm_90a and sm_100, and PTX for what comes later.
 *
 * @param fatbin  what the driver loads
 * @param isBuilt whether this build compiled it; else it is the copy that comes with the sources
 */
public record KernelImage(byte[] fatbin, boolean isBuilt) {
    private static final String BUILT = "built/kernels.fatbin";
    private static final String PREBUILT = "prebuilt/kernels.fatbin";

    /** @return the image this build compiled, or else the prebuilt one */
    public static KernelImage load() {
        final byte[] built = read(BUILT);
        if (built != null) {
            return new KernelImage(built, true);
        }
        final byte[] prebuilt = read(PREBUILT);
        if (prebuilt == null) {
            throw new IllegalStateException("this build holds no GPU kernels");
        }
        return new KernelImage(prebuilt, false);
    }

    private static byte[] read(final String name) {
        try (InputStream in = KernelImage.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (final IOException e) {
            throw new UncheckedIOException("the GPU kernels cannot be read", e);
        }
    }
}
