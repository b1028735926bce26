package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.packed.CachePolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a node keeps packed weights, and that a start with them gives the same model, whatever state the kept file is in. */
class WeightCacheTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook-small/brook-small-f16.gguf");

    @TempDir
    private Path folder;

    private static NodeConfig config(final String engine) {
        return ConfigFile.parse("id: n\ncoordinators: ['localhost:1']\ndata-dir: /data\nmodel: {id: m, path: /m.gguf}\nengine: " + engine,
            "test", NodeConfig.class);
    }

    @Test
    void theConfigurationSaysWhere() {
        assertThat(config("{}").cachePolicy()).isEqualTo(CachePolicy.off());
        assertThat(config("{weight-cache: folder}").cachePolicy()).isEqualTo(CachePolicy.in(Path.of("/data/weights")));
        assertThat(config("{weight-cache: folder, weight-cache-dir: /shared}").cachePolicy()).isEqualTo(CachePolicy.in(Path.of("/shared")));
        assertThat(config("{weight-cache: beside}").cachePolicy()).isEqualTo(CachePolicy.auto());
        assertThat(config("{weight-cache: 'off'}").cachePolicy()).isEqualTo(CachePolicy.off());
        assertThat(config("{weight-cache: off}").cachePolicy()).isEqualTo(CachePolicy.off());
    }

    @Test
    void anotherWordIsRefusedWithItsKey() {
        assertThatThrownBy(() -> config("{weight-cache: sometimes}")).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(e).hasMessageContaining("weight-cache").hasMessageContaining("beside");
        });
        assertThatThrownBy(() -> config("{weight-cach: off}")).hasMessageContaining("weight-cache");
    }

    /** Loads as a node does, but keeps a model of any size. @return whether a file was written or written anew */
    private boolean load(final Path model, final Path kept) throws IOException {
        final FileTime before = time(kept);
        try (ComputeBackend backend = KernelSet.VECTOR.start(1); ModelSource source = ModelSource.open(model);
             LanguageModel loaded = ModelLoader.load(source, backend, ModelLoader.Options.defaults().withCache(CachePolicy.in(kept).ofAnySize()))) {
            assertThat(loaded.vocabularySize()).isPositive();
        }
        return !before.equals(time(kept));
    }

    private static FileTime time(final Path kept) throws IOException {
        final Path file = file(kept);
        return file == null ? FileTime.fromMillis(0) : Files.getLastModifiedTime(file);
    }

    private static Path file(final Path kept) throws IOException {
        if (!Files.isDirectory(kept)) {
            return null;
        }
        try (Stream<Path> files = Files.list(kept)) {
            // The other of two that start at once may be writing: under a name that begins with a dot.
            final List<Path> all = files.filter(path -> !path.getFileName().toString().startsWith(".")).toList();
            assertThat(all).hasSizeLessThan(2);
            return all.isEmpty() ? null : all.getFirst();
        }
    }

    @Test
    void theSecondStartReadsTheFileAndOneThatIsStaleOrDamagedIsWrittenAnew() throws IOException {
        final Path model = Files.copy(BROOK, folder.resolve("m.gguf"));
        final Path kept = folder.resolve("weights");
        assertThat(load(model, kept)).isTrue();
        final Path file = file(kept);
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        assertThat(load(model, kept)).as("kept").isFalse();

        final byte[] whole = Files.readAllBytes(file);
        whole[whole.length / 2] ^= 1;
        Files.write(file, whole);
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        assertThat(load(model, kept)).as("damaged").isTrue();
        whole[whole.length / 2] ^= 1;
        assertThat(file).hasBinaryContent(whole);

        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        Files.setLastModifiedTime(model, FileTime.fromMillis(2_000_000));
        assertThat(load(model, kept)).as("stale").isTrue();
        assertThat(load(model, kept)).isFalse();
    }

    @Test
    void twoNodesMayStartAtOnceInOneFolder() throws Exception {
        final Path kept = folder.resolve("weights");
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (final Future<Boolean> start : threads.invokeAll(List.<Callable<Boolean>>of(() -> load(BROOK, kept), () -> load(BROOK, kept)))) {
                start.get();
            }
        }
        assertThat(kept.toFile().list()).as("nothing half written is left").hasSize(1);
        Files.setLastModifiedTime(file(kept), FileTime.fromMillis(1_000_000));
        assertThat(load(BROOK, kept)).isFalse();
    }

    @Test
    void aFolderThatCannotBeWrittenCostsTheCacheAndNothingElse() throws IOException {
        final Path kept = Files.createDirectory(folder.resolve("weights"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        load(BROOK, kept); // root may write there all the same
        final Path occupied = Files.writeString(folder.resolve("occupied"), "a file");
        assertThat(load(BROOK, occupied.resolve("weights"))).isFalse();
        assertThat(occupied).hasContent("a file");
    }
}
