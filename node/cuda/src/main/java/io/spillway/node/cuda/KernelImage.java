package io.spillway.node.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Compiled kernels: machine code for sm_80, sm_89, sm_90a and sm_100, and PTX for what comes later.
 *
 * @param name    of the source, without its ending
 * @param fatbin  what the driver loads
 * @param isBuilt whether this build compiled it; else it is the copy that comes with the sources
 */
public record KernelImage(String name, byte[] fatbin, boolean isBuilt) {
    /** All images; a kernel is in one of them. */
    public static final List<String> NAMES = List.of("attend", "group", "matrix", "prefill", "rows", "sample");

    /** @return every image */
    public static List<KernelImage> loadAll() {
        return NAMES.stream().map(KernelImage::load).toList();
    }

    /** @return the image this build compiled, or else the prebuilt one. @param name one of {@link #NAMES} */
    public static KernelImage load(final String name) {
        final byte[] built = read("built/" + name + ".fatbin");
        if (built != null) {
            return new KernelImage(name, built, true);
        }
        final byte[] prebuilt = read("prebuilt/" + name + ".fatbin");
        if (prebuilt == null) {
            throw new IllegalStateException("this build holds no GPU kernels of the name " + name);
        }
        return new KernelImage(name, prebuilt, false);
    }

    private static byte[] read(final String name) {
        try (InputStream in = KernelImage.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (final IOException e) {
            throw new UncheckedIOException("the GPU kernels cannot be read", e);
        }
    }
}
