package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The committed images are those of the committed sources. */
class KernelImageTest {
    private static final Path MODULE = Path.of(System.getProperty("spillway.root"), "node", "cuda");
    private static final Path PREBUILT = MODULE.resolve("src/main/resources/io/spillway/node/cuda/prebuilt");
    private static final Path SOURCES = MODULE.resolve("src/main/cuda");
    private static final Pattern INCLUDE = Pattern.compile("^ *#include \"(.*)\"");
    private static final int FATBIN_MAGIC = 0xBA55ED50;

    @Test
    void thePrebuiltImagesAreMadeFromTheseSources() throws IOException {
        for (final String name : KernelImage.NAMES) {
            final Map<String, String> manifest = new TreeMap<>();
            for (final String line : Files.readAllLines(PREBUILT.resolve(name + ".sha256"))) {
                manifest.put(line.substring(66), line.substring(0, 64));
            }
            final Map<String, String> actual = new TreeMap<>();
            actual.put(name + ".fatbin", sha256(PREBUILT.resolve(name + ".fatbin")));
            addSources(name + ".cu", actual);
            assertThat(actual).as("kernels have changed: remake the image with node/cuda/src/main/cuda/build.sh --prebuilt %s (needs nvcc)", name)
                .isEqualTo(manifest);
        }
    }

    private static void addSources(final String name, final Map<String, String> into) throws IOException {
        final Path source = SOURCES.resolve(name);
        if (into.put(name, sha256(source)) == null) {
            for (final String line : Files.readAllLines(source)) {
                final Matcher included = INCLUDE.matcher(line);
                if (included.find()) {
                    addSources(included.group(1), into);
                }
            }
        }
    }

    @Test
    void everySourceHasAnImage() throws IOException {
        try (Stream<Path> sources = Files.list(SOURCES)) {
            assertThat(sources.map(path -> path.getFileName().toString()).filter(name -> name.endsWith(".cu")).map(name -> name.replace(".cu", "")))
                .containsExactlyInAnyOrderElementsOf(KernelImage.NAMES);
        }
    }

    @Test
    void imagesAreLoaded() {
        for (final KernelImage image : KernelImage.loadAll()) {
            assertThat(ByteBuffer.wrap(image.fatbin()).order(ByteOrder.LITTLE_ENDIAN).getInt()).isEqualTo(FATBIN_MAGIC);
        }
    }

    private static String sha256(final Path path) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(path)));
        } catch (final IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(path + " cannot be read", e);
        }
    }
}
