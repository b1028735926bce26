package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Random damage: a file opens and can be read through, or is refused; nothing else happens, and it happens soon. */
class HostileFilesTest {
    private static final long[] EDGES = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32, 255};
    private static Path directory;

    @BeforeContainer
    static void create() throws IOException {
        directory = Files.createTempDirectory("hostile");
    }

    @AfterContainer
    static void delete() throws IOException {
        try (var files = Files.list(directory)) {
            for (final Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    private static byte[] damaged(final byte[] whole, final Random random) {
        final byte[] bytes = random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
        for (int i = random.nextInt(4); i >= 0 && bytes.length > 8; i--) {
            final int at = random.nextInt(bytes.length - 8);
            if (random.nextBoolean()) {
                bytes[at] = (byte) random.nextInt();
            } else {
                final long edge = EDGES[random.nextInt(EDGES.length)];
                for (int b = 0; b < (random.nextBoolean() ? 4 : 8); b++) {
                    bytes[at + b] = (byte) (edge >>> (8 * b));
                }
            }
        }
        return bytes;
    }

    @Property(tries = 1500)
    void gguf(@ForAll final long seed) throws IOException {
        final Path path = Files.write(directory.resolve("m.gguf"), damaged(GgufBytes.sample().bytes(), new Random(seed)));
        try (GgufFile file = GgufFile.open(path)) {
            for (final TensorEntry entry : file.tensors()) {
                assertThat(file.tensor(entry.name()).byteSize()).isEqualTo(entry.sizeBytes());
            }
            file.keys().forEach(key -> {
                file.strings(key);
                file.reals(key);
            });
        } catch (final SpillwayException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE);
        }
    }

    @Property(tries = 1500)
    void safetensors(@ForAll final long seed) throws IOException {
        final byte[] bytes = damaged(SafetensorsFileTest.bytes(SafetensorsFileTest.HEADER, 12), new Random(seed));
        final Path path = Files.write(directory.resolve("m.safetensors"), bytes);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            for (final TensorEntry entry : file.tensors()) {
                assertThat(file.tensor(entry.name()).byteSize()).isEqualTo(entry.sizeBytes());
            }
        } catch (final SpillwayException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE);
        }
    }
}
