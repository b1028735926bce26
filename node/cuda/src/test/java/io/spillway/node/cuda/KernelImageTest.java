package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The committed image is that of the committed sources. */
class KernelImageTest {
    private static final Path MODULE = Path.of(System.getProperty("spillway.root"), "node", "cuda");
    private static final Path PREBUILT = MODULE.resolve("src/main/resources/io/spillway/node/cuda/prebuilt");
    private static final int FATBIN_MAGIC = 0xBA55ED50;

    @Test
    void thePrebuiltImageIsMadeFromTheseSources() throws IOException {
        final Map<String, String> manifest = new TreeMap<>();
        for (final String line : Files.readAllLines(PREBUILT.resolve("manifest.sha256"))) {
            manifest.put(line.substring(66), line.substring(0, 64));
        }
        final Map<String, String> actual = new TreeMap<>();
        actual.put("kernels.fatbin", sha256(PREBUILT.resolve("kernels.fatbin")));
        try (Stream<Path> sources = Files.list(MODULE.resolve("src/main/cuda"))) {
            sources.filter(path -> path.toString().matches(".*\\.cuh?")).forEach(path -> actual.put(path.getFileName().toString(), sha256(path)));
        }
        assertThat(actual).as("the kernels have changed: remake the prebuilt image with node/cuda/src/main/cuda/build.sh --prebuilt (needs nvcc)")
            .isEqualTo(manifest);
    }

    @Test
    void anImageIsLoaded() {
        final byte[] fatbin = KernelImage.load().fatbin();
        assertThat(java.nio.ByteBuffer.wrap(fatbin).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt()).isEqualTo(FATBIN_MAGIC);
    }

    private static String sha256(final Path path) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(path)));
        } catch (final IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(path + " cannot be read", e);
        }
    }
}
