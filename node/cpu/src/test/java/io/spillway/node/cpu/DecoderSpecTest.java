package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.cpu.Reference.Case;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.DenseSpec;
import io.spillway.node.model.ExpertsSpec;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.LayerSpec;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.weights.WeightMatrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a backend is told of a decoder is enough to build it, and its matrices can be taken one by one, in any order and place. */
class DecoderSpecTest {
    private static final ModelLoader.Options EXACT = new ModelLoader.Options(Long.MAX_VALUE, fraction -> { });
    private static CpuBackend backend;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        backend = CpuBackend.start(2);
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    static List<Case> architectures() {
        final Set<String> names = Set.of("llama", "mixtral", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3", "phi3-long", "gpt-oss");
        return Reference.read().cases().stream().filter(c -> names.contains(c.name())).toList();
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void anotherProgramBuiltFromItGivesTheSameLogits(final Case which) {
        final int[] tokens = Arrays.copyOf(Reference.read().tokens(), 40);
        try (ModelSource source = ModelSource.open(which.file()); DecoderSpec spec = ModelLoader.describe(source, backend, EXACT);
                LanguageModel model = ModelLoader.load(source, backend, EXACT); Session session = Session.of(model, tokens.length)) {
            final double[][] plain = new PlainDecoder(spec).logits(tokens);
            assertThat(spec.vocabularySize()).isEqualTo(model.vocabularySize());
            for (int t = 0; t < tokens.length; t++) {
                session.feed(tokens, t, t + 1);
                double distance = 0;
                double norm = 0;
                for (int i = 0; i < plain[t].length; i++) {
                    distance += Math.pow(plain[t][i] - session.logits[i], 2);
                    norm += Math.pow(plain[t][i], 2);
                }
                assertThat(Math.sqrt(distance / norm)).as("relative error at %d", t).isLessThan(2e-5);
            }
        }
    }

    static List<Case> everyFormat() {
        return Reference.read().cases();
    }

    @ParameterizedTest
    @MethodSource("everyFormat")
    void aMatrixIsTheSameWhereverItIsPut(final Case which) {
        try (ModelSource source = ModelSource.open(which.file()); Arena arena = Arena.ofShared();
                DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults())) {
            final List<WeightMatrix> matrices = matrices(spec);
            final long bytesMax = matrices.stream().mapToLong(WeightMatrix::packedBytes).max().orElseThrow();
            final MemorySegment staging = arena.allocate(bytesMax, 64).fill((byte) 0x5A);
            for (final WeightMatrix matrix : matrices.reversed()) {
                final PackedMatrix elsewhere = matrix.packInto(staging); // which held another one before
                assertThat(elsewhere.bytes().address()).isEqualTo(staging.address());
                final PackedMatrix loaded = matrix.load();
                assertThat(matrix.load()).isSameAs(loaded);
                assertThat(loaded.bytes().asSlice(0, matrix.packedBytes()).mismatch(elsewhere.bytes())).as(matrix.label()).isEqualTo(-1);
            }
            assertThat(matrices.stream().map(WeightMatrix::label)).doesNotHaveDuplicates();
        }
    }

    /** Rows and columns of every format, cut at any block: the same numbers, and strips of loaded matrices are not packed again. */
    @ParameterizedTest
    @MethodSource("everyFormat")
    void aPartOfAMatrixHasItsNumbers(final Case which) {
        final Random random = new Random(which.name().hashCode());
        try (ModelSource source = ModelSource.open(which.file()); DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults())) {
            for (final WeightMatrix matrix : matrices(spec)) {
                final int firstRow = random.nextInt(matrix.rows());
                final int rows = 1 + random.nextInt(matrix.rows() - firstRow);
                final int block = matrix.dtype().blockColumns();
                final int firstColumn = random.nextInt(matrix.columns() / block) * block;
                final int columns = (1 + random.nextInt((matrix.columns() - firstColumn) / block)) * block;
                final WeightMatrix part = random.nextBoolean() ? matrix.someRows(firstRow, rows).someColumns(firstColumn, columns)
                        : matrix.someColumns(firstColumn, columns).someRows(firstRow, rows);
                final PackedMatrix packed = part.load();
                final PackedMatrix whole = matrix.load();
                for (int i = 0; i < 40; i++) {
                    final int row = random.nextInt(rows);
                    final int column = random.nextInt(columns);
                    assertThat(packed.at(row, column)).as("%s at %d, %d", part.label(), row, column)
                            .isEqualTo(whole.at(firstRow + row, firstColumn + column));
                }
            }
        }
    }

    @Test
    void stripsOfALoadedMatrixAreItsOwn() throws IOException {
        final Path file = new SyntheticModel("llama", DType.BF16, true).write(directory.resolve("m.gguf"));
        try (ModelSource source = ModelSource.open(file); DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults())) {
            final WeightMatrix head = spec.head(); // 101 rows
            final WeightMatrix early = head.someRows(64, 37);
            assertThat(early.load().bytes().address()).as("nothing is loaded yet").isNotEqualTo(0);
            final PackedMatrix whole = head.load();
            final PackedMatrix late = head.someRows(64, 37).load();
            assertThat(late.bytes().address()).isEqualTo(whole.bytes().address() + 4 * whole.panelBytes());
            assertThat(late.bytes().mismatch(early.load().bytes().asSlice(0, late.bytes().byteSize()))).isEqualTo(-1);
            assertThat(head.someRows(64, 20).load().bytes().address()).as("its last strip would not end with zeros")
                    .isNotEqualTo(late.bytes().address());
            assertThat(head.someRows(0, 101)).isSameAs(head);
            assertThat(head.someColumns(0, head.columns())).isSameAs(head);
            assertThatThrownBy(() -> head.someRows(64, 38)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> head.someColumns(32, head.columns())).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void blocksAreNotCut() throws IOException {
        final Path file = new SyntheticModel("llama", DType.Q8_0, true).write(directory.resolve("m.gguf"));
        try (ModelSource source = ModelSource.open(file); DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults())) {
            assertThat(spec.head().someColumns(32, 32).load().columns()).isEqualTo(32);
            assertThatThrownBy(() -> spec.head().someColumns(16, 32)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("blocks of 32");
            assertThatThrownBy(() -> spec.head().someColumns(32, 16)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static List<WeightMatrix> matrices(final DecoderSpec spec) {
        final List<WeightMatrix> matrices = new ArrayList<>(List.of(spec.embedding()));
        if (!spec.tied()) {
            matrices.add(spec.head());
        }
        for (final LayerSpec layer : spec.layers()) {
            matrices.addAll(List.of(layer.attention().query().matrix(), layer.attention().key().matrix(), layer.attention().value().matrix(),
                    layer.attention().output().matrix()));
            switch (layer.feedForward()) {
                case DenseSpec dense -> matrices.addAll(List.of(dense.gate(), dense.up(), dense.down()));
                case ExpertsSpec experts -> {
                    matrices.add(experts.router());
                    experts.experts().forEach(expert -> matrices.addAll(List.of(expert.gate(), expert.up(), expert.down())));
                }
            }
        }
        return matrices;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void plainRowsAreTheElements(final DType dtype) throws IOException {
        final Path file = new SyntheticModel("llama", dtype, true).write(directory.resolve("m.gguf"));
        final Random random = new Random(5);
        try (ModelSource source = ModelSource.open(file); DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults())) {
            for (final WeightMatrix matrix : matrices(spec)) {
                final PackedMatrix packed = matrix.load();
                final int first = random.nextInt(matrix.rows());
                final int count = 1 + random.nextInt(matrix.rows() - first);
                final long stride = (long) matrix.columns() * matrix.elementBytes() + 2L * random.nextInt(9);
                final byte[] target = new byte[(int) (stride * count)];
                Arrays.fill(target, (byte) 0x33);
                matrix.copyRows(first, count, MemorySegment.ofArray(target), stride);
                for (int row = 0; row < count; row++) {
                    checkRow(packed, first + row, MemorySegment.ofArray(target).asSlice(row * stride, stride), matrix.elementBytes());
                }
            }
        }
    }

    private static void checkRow(final PackedMatrix packed, final int row, final MemorySegment plain, final int elementBytes) {
        for (int column = 0; column < packed.columns(); column++) {
            final short half = plain.get(ValueLayout.JAVA_SHORT_UNALIGNED, (long) column * elementBytes);
            final float value = switch (packed.dtype()) {
                case F32 -> plain.get(ValueLayout.JAVA_FLOAT_UNALIGNED, column * 4L);
                case F16 -> Half.toFloat(half);
                default -> Half.bf16ToFloat(half);
            };
            assertThat(value).isEqualTo(packed.at(row, column));
        }
        for (long at = (long) packed.columns() * elementBytes; at < plain.byteSize(); at++) {
            assertThat(plain.get(ValueLayout.JAVA_BYTE, at)).as("between rows").isEqualTo((byte) 0x33);
        }
    }

    @Test
    void blocksHaveNoPlainRows() throws IOException {
        final Path file = new SyntheticModel("llama", DType.Q8_0, false).write(directory.resolve("m.gguf"));
        try (ModelSource source = ModelSource.open(file); DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults());
                DecoderSpec expanded = ModelLoader.describe(source, backend, EXACT)) {
            final MemorySegment target = MemorySegment.ofArray(new byte[1 << 16]);
            assertThatThrownBy(() -> spec.embedding().copyRows(0, 1, target, 4096)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Q8_0");
            assertThatThrownBy(() -> expanded.embedding().copyRows(0, 2, target, 4)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> expanded.embedding().copyRows(100, 2, target, 4096)).isInstanceOf(IllegalArgumentException.class);
            expanded.embedding().copyRows(100, 1, target, 4096);
            checkRow(expanded.embedding().load(), 100, target.asSlice(0, 256), 4);
        }
    }
}
