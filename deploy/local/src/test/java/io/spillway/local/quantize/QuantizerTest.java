package io.spillway.local.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.compute.WorkerPool;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.stored.StoredTensors;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizerTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");

    @TempDir
    private Path directory;

    private static QuantizeReport quantize(final Path model, final TargetType type, final Path out) {
        try (ModelSource source = ModelSource.open(model)) {
            return Quantizer.run(source, type, out, WorkerPool.INLINE, fraction -> assertThat(fraction).isBetween(0.0, 1.0));
        }
    }

    /** Asserts that the model loads, and returns the root of the mean squared error of one matrix, relative to its size. */
    private static double relativeError(final Path original, final Path quantized, final String name) {
        try (ModelSource before = ModelSource.open(original); ModelSource after = ModelSource.open(quantized);
             ComputeBackend backend = CpuBackend.start(1); LanguageModel model = ModelLoader.load(after, backend, ModelLoader.Options.defaults())) {
            assertThat(model.vocabularySize()).isEqualTo(2048);
            final StoredMatrix a = new StoredTensors(before).find(name).orElseThrow().matrix();
            final StoredMatrix b = new StoredTensors(after).find(name).orElseThrow().matrix();
            double errors = 0;
            double squares = 0;
            for (int row = 0; row < a.rows(); row++) {
                for (int column = 0; column < a.columns(); column++) {
                    errors += Math.pow(a.at(row, column) - b.at(row, column), 2);
                    squares += Math.pow(a.at(row, column), 2);
                }
            }
            return Math.sqrt(errors / squares);
        }
    }

    @Test
    void eightBitsAndFourBitsLoadAndAreClose() {
        final Path model = BROOK.resolve("brook-f16.gguf");
        final Path eight = directory.resolve("q8.gguf");
        final Path four = directory.resolve("q4.gguf");
        assertThat(quantize(model, TargetType.Q8_0, eight).counts()).containsKeys("F32", "Q8_0").hasSize(2);
        final QuantizeReport report = quantize(model, TargetType.Q4_K, four);
        assertThat(report.counts()).containsEntry("Q8_0", 1).containsEntry("Q4_K", 42);
        assertThat(report.notes()).containsExactly("1 tensor Q8_0: embedding and head keep eight bits");
        assertThat(report.afterBytes()).isLessThan(report.beforeBytes() / 3);
        assertThat(relativeError(model, eight, "blk.1.ffn_up.weight")).isBetween(1e-4, 0.008);
        assertThat(relativeError(model, four, "blk.1.ffn_up.weight")).isBetween(0.01, 0.08);
        try (GgufFile before = GgufFile.open(model); GgufFile after = GgufFile.open(four)) {
            assertThat(after.keys()).containsAll(before.keys());
            assertThat(after.strings("tokenizer.ggml.tokens")).isEqualTo(before.strings("tokenizer.ggml.tokens"));
            assertThat(after.integer("general.file_type")).hasValue(14);
            assertThat(after.tensors()).extracting(TensorEntry::name).isEqualTo(before.tensors().stream().map(TensorEntry::name).toList());
        }
    }

    @Test
    void fp8DirectoriesLoadAndAreClose() throws IOException {
        final Path out = directory.resolve("fp8");
        final QuantizeReport report = quantize(BROOK, TargetType.FP8, out);
        assertThat(report.counts()).containsEntry("F8_E4M3", 42);
        assertThat(relativeError(BROOK, out, "model.layers.1.mlp.up_proj.weight")).isBetween(0.01, 0.04);
        assertThat(out.resolve("tokenizer.json")).hasSameBinaryContentAs(BROOK.resolve("tokenizer.json"));
        assertThatThrownBy(() -> quantize(BROOK, TargetType.FP8, out)).isInstanceOf(SpillwayException.class).hasMessageContaining("exists");
        assertThatThrownBy(() -> quantize(out, TargetType.FP8, directory.resolve("again"))).isInstanceOf(SpillwayException.class)
            .hasMessageContaining("quantised already");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).as("nothing else is left").containsExactly(out);
        }
    }

    private Path model(final long[] shape, final TensorType type, final float value) throws IOException {
        final Path file = Files.createTempFile(directory, "m", ".gguf");
        final List<Long> dimensions = new ArrayList<>();
        long elements = 1;
        for (final long dimension : shape) {
            dimensions.add(dimension);
            elements *= dimension;
        }
        final byte[] bytes = new byte[(int) type.bytesOf(elements)];
        new Random(3).nextBytes(bytes);
        final MemorySegment segment = MemorySegment.ofArray(bytes);
        for (long i = 0; type == TensorType.F32 && i < elements; i++) {
            segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, i == 40 ? value : i % 7 - 3f);
        }
        try (GgufWriter writer = GgufWriter.create(file, Map.of("general.architecture", GgufValue.ofString("llama")),
                List.of(new PlannedTensor("blk.0.attn_q.weight", type, dimensions)))) {
            writer.append(segment);
            writer.commit();
        }
        return file;
    }

    @Test
    void rowsThatDoNotFitFallBack() throws IOException {
        final Path out = directory.resolve("o.gguf");
        final QuantizeReport short32 = quantize(model(new long[] {3, 96}, TensorType.F32, 1), TargetType.Q4_K, out);
        assertThat(short32.notes()).containsExactly("1 tensor Q8_0: rows of 96 are no multiple of 256");
        final QuantizeReport odd = quantize(model(new long[] {3, 50}, TensorType.F32, 1), TargetType.Q8_0, out);
        assertThat(odd.notes()).containsExactly("1 tensor F32: rows of 50 are no multiple of 32");
        assertThat(quantize(model(new long[] {2, 2, 512}, TensorType.F32, 1), TargetType.Q4_K, out).counts()).containsOnlyKeys("Q4_K");
    }

    @Test
    void whatCannotBeQuantisedIsRefused() throws IOException {
        final Path out = directory.resolve("o.gguf");
        final Path quantized = model(new long[] {3, 64}, TensorType.Q8_0, 1);
        assertThatThrownBy(() -> quantize(quantized, TargetType.Q4_K, out)).isInstanceOf(SpillwayException.class).hasMessageContaining("is Q8_0 already");
        final Path infinite = model(new long[] {3, 64}, TensorType.F32, Float.POSITIVE_INFINITY);
        assertThatThrownBy(() -> quantize(infinite, TargetType.Q8_0, out)).isInstanceOf(SpillwayException.class)
            .hasMessageContainingAll("Infinity", "row 0, column 40");
        assertThatThrownBy(() -> quantize(quantized, TargetType.FP8, directory.resolve("o"))).isInstanceOf(SpillwayException.class);
        assertThatThrownBy(() -> quantize(BROOK.resolve("brook-f16.gguf"), TargetType.Q8_0, directory.resolve("no/o.gguf")))
            .hasMessageContaining("there is no folder");
        assertThat(out).doesNotExist();
    }
}
