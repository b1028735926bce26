package io.spillway.node.packed;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.WorkerPool;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept comes back as it was; whatever is wrong with a side file, it is not believed, and written again. */
class PackedWeightsTest {
    private static final int ROWS = 70;
    private static final int COLUMNS = 64;
    private static final CachePolicy BESIDE = new CachePolicy(CachePolicy.Mode.AUTO, null, 0);

    @TempDir
    private Path directory;
    private Path model;
    private Slab slab;
    private PackedMatrix matrix;

    @BeforeEach
    void create() {
        model = directory.resolve("m.gguf");
        writeModel(1);
        slab = Slab.allocate(PackedMatrix.sizeBytes(DType.Q8_0, ROWS, COLUMNS));
        final byte[] random = new byte[(int) slab.segment().byteSize()];
        new Random(5).nextBytes(random);
        slab.segment().copyFrom(MemorySegment.ofArray(random));
        matrix = new PackedMatrix(DType.Q8_0, ROWS, COLUMNS, slab.segment());
    }

    @AfterEach
    void free() {
        slab.close();
        targets.forEach(Slab::close);
    }

    private void writeModel(final int seed) {
        final byte[] bytes = new byte[4 * 5000];
        new Random(seed).nextBytes(bytes);
        try (GgufWriter writer = GgufWriter.create(model, Map.of(), List.of(new PlannedTensor("t", TensorType.F32, List.of(5000L))))) {
            writer.append(MemorySegment.ofArray(bytes));
            writer.commit();
        }
    }

    private PackedWeights open(final CachePolicy policy) {
        try (ModelSource source = ModelSource.open(model)) {
            return PackedWeights.open(source, policy, WorkerPool.INLINE);
        }
    }

    private final List<Slab> targets = new ArrayList<>();

    private PackedMatrix target(final DType dtype, final int rows) {
        targets.add(Slab.allocate(PackedMatrix.sizeBytes(dtype, rows, COLUMNS)));
        return new PackedMatrix(dtype, rows, COLUMNS, targets.getLast().segment());
    }

    private Optional<PackedMatrix> find(final PackedWeights weights, final String label) {
        return find(weights, label, DType.Q8_0, ROWS);
    }

    private Optional<PackedMatrix> find(final PackedWeights weights, final String label, final DType dtype, final int rows) {
        final PackedMatrix target = target(dtype, rows);
        if (weights.read(label, target)) {
            return Optional.of(target);
        }
        assertThat(target.bytes().mismatch(MemorySegment.ofArray(new byte[(int) target.bytes().byteSize()]))).as("left as it was").isEqualTo(-1);
        return Optional.empty();
    }

    private Path keep(final CachePolicy policy) {
        try (PackedWeights weights = open(policy)) {
            assertThat(find(weights, "a")).isEmpty();
            weights.keep("a", matrix);
            weights.keep("b", matrix);
            weights.finish();
            return weights.path().orElseThrow();
        }
    }

    private void assertFound(final boolean expected) {
        try (PackedWeights weights = open(BESIDE)) {
            assertThat(find(weights, "a").isPresent()).isEqualTo(expected);
        }
    }

    @Test
    void whatIsKeptIsRead() {
        assertThat(keep(BESIDE)).isEqualTo(directory.resolve("m.gguf.spillway-packed")).exists();
        try (PackedWeights weights = open(BESIDE)) {
            for (final String label : List.of("a", "b")) {
                final PackedMatrix found = find(weights, label).orElseThrow();
                assertThat(found.bytes().mismatch(matrix.bytes())).isEqualTo(-1);
            }
            assertThat(find(weights, "c")).isEmpty();
            assertThat(find(weights, "a", DType.Q8_0, ROWS + 1)).as("another shape").isEmpty();
            assertThat(find(weights, "a", DType.Q4_0, ROWS)).as("another format").isEmpty();
        }
    }

    @Test
    void aFileThatLacksSomethingIsWrittenAgainWithEverything() {
        keep(BESIDE);
        try (PackedWeights weights = open(BESIDE)) {
            assertThat(find(weights, "a")).isPresent();
            weights.keep("c", matrix);
            weights.finish();
        }
        try (PackedWeights weights = open(BESIDE)) {
            assertThat(find(weights, "a")).isPresent();
            assertThat(find(weights, "c")).isPresent();
            assertThat(find(weights, "b")).as("no longer asked for").isEmpty();
        }
    }

    @Test
    void everyDamageOfTheHeaderAndEveryTruncationIsSeen() throws IOException {
        final Path file = keep(BESIDE);
        final byte[] whole = Files.readAllBytes(file);
        final int headerBytes = MemorySegment.ofArray(whole).get(ValueLayout.JAVA_INT_UNALIGNED, 8);
        for (int at = 0; at < headerBytes; at++) {
            final byte[] damaged = whole.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(file, damaged);
            assertFound(false);
        }
        for (int length = 0; length < whole.length; length += length < headerBytes ? 1 : 977) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertFound(false);
        }
        Files.write(file, whole);
        assertFound(true);
    }

    @Test
    void damagedWeightsAreNotHandedOut() throws IOException {
        final Path file = keep(BESIDE);
        final byte[] whole = Files.readAllBytes(file);
        for (final int back : new int[] {4096 * 6, 4096 * 3}) {
            final byte[] damaged = whole.clone();
            damaged[damaged.length - back + 17] ^= 4;
            Files.write(file, damaged);
            try (PackedWeights weights = open(BESIDE)) {
                assertThat(find(weights, "a").isPresent() && find(weights, "b").isPresent()).isFalse();
            }
        }
    }

    @Test
    void anotherModelUnderTheSameNameIsSeen() throws IOException {
        keep(BESIDE);
        final FileTime time = Files.getLastModifiedTime(model);
        Files.setLastModifiedTime(model, FileTime.fromMillis(time.toMillis() + 5000));
        assertFound(false);
        Files.setLastModifiedTime(model, time);
        assertFound(true);
        writeModel(2);
        Files.setLastModifiedTime(model, time);
        assertFound(false);
    }

    @Test
    void policiesChooseTheFolder() throws IOException {
        final Path folder = directory.resolve("kept/deep");
        final Path file = keep(CachePolicy.in(folder).ofAnySize());
        assertThat(file).exists().hasParentRaw(folder);
        assertThat(file.getFileName().toString()).startsWith("m-").endsWith(".spillway-packed");
        assertThat(open(CachePolicy.off()).path()).isEmpty();
        assertThat(open(CachePolicy.auto()).path()).as("a small model").isEmpty();
        try (PackedWeights weights = open(CachePolicy.off())) {
            weights.keep("a", matrix);
            weights.finish();
            assertThat(find(weights, "a")).isEmpty();
        }
    }

    @Test
    void aChangedModelTakesThePlaceOfWhatWasKeptOfTheOldOneAndAnotherOfTheSameNameDoesNot() throws IOException {
        final CachePolicy policy = CachePolicy.in(directory.resolve("kept")).ofAnySize();
        final Path first = keep(policy);
        writeModel(2);
        assertThat(keep(policy)).isEqualTo(first);
        assertThat(directory.resolve("kept")).isDirectoryContaining(file -> true).satisfies(folder -> assertThat(folder.toFile().list()).hasSize(1));
        model = Files.createDirectory(directory.resolve("other")).resolve("m.gguf");
        writeModel(2);
        assertThat(keep(policy)).isNotEqualTo(first).hasParentRaw(first.getParent());
    }

    @Test
    void twoThatStartAtOnceBothWriteAndEitherFileIsWhole() throws Exception {
        final CyclicBarrier start = new CyclicBarrier(2);
        for (int round = 0; round < 20; round++) {
            Files.deleteIfExists(directory.resolve("m.gguf.spillway-packed"));
            try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
                final List<Future<Path>> both = threads.invokeAll(List.of(() -> keepWith(start), () -> keepWith(start)));
                assertThat(both.getFirst().get()).isEqualTo(both.getLast().get());
            }
            assertFound(true);
            assertThat(directory.toFile().list()).as("nothing half written is left").containsExactlyInAnyOrder("m.gguf", "m.gguf.spillway-packed");
        }
    }

    private Path keepWith(final CyclicBarrier start) throws Exception {
        try (PackedWeights weights = open(BESIDE)) {
            weights.keep("a", matrix);
            start.await();
            weights.finish();
            return weights.path().orElseThrow();
        }
    }

    @Test
    void aFileThatIsReplacedWhileItIsReadIsReadToItsEnd() {
        keep(BESIDE);
        try (PackedWeights reading = open(BESIDE); PackedWeights writing = open(BESIDE)) {
            assertThat(find(reading, "a")).isPresent();
            writing.keep("z", matrix);
            writing.finish();
            assertThat(find(reading, "b").orElseThrow().bytes().mismatch(matrix.bytes())).isEqualTo(-1);
        }
    }

    @Test
    void aFolderThatCannotBeMadeCostsTheCacheAndNothingElse() throws IOException {
        final Path occupied = Files.writeString(directory.resolve("occupied"), "a file");
        try (PackedWeights weights = open(CachePolicy.in(occupied.resolve("x")).ofAnySize())) {
            weights.keep("a", matrix);
            weights.finish();
        }
        assertThat(occupied).hasContent("a file");
    }
}
