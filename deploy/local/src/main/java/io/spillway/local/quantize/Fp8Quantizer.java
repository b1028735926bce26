package io.spillway.local.quantize;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.SafetensorsWriter;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.WorkerPool;
import io.spillway.node.stored.F8Encoder;
import io.spillway.node.stored.RowEncoder;
import io.spillway.node.stored.StoredTensors;
import io.spillway.node.weights.ConvertedTensor;
import io.spillway.node.weights.DirectoryTensors;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import io.spillway.node.weights.ShapeDifference;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.stream.Stream;

/**
 * Writes a Hugging Face directory with FP8 weights, of a directory or of a GGUF file, in the layout of compressed-tensors (format float-quantized, a scale
 * per output row), which other engines read too. The directory appears whole or not at all.
 */
final class Fp8Quantizer {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String WEIGHTS = "model.safetensors";
    private static final String SCALE = "_scale";
    private static final String SCHEME = """
        {"quant_method": "compressed-tensors", "format": "float-quantized", "quantization_status": "compressed",
         "config_groups": {"group_0": {"targets": ["Linear"],
          "weights": {"num_bits": 8, "type": "float", "symmetric": true, "strategy": "channel", "dynamic": false},
          "input_activations": {"num_bits": 8, "type": "float", "symmetric": true, "strategy": "token", "dynamic": true}}},
         "ignore": ["lm_head", "re:.*\\\\.gate$"]}""";

    private final ModelSource source;
    private final WorkerPool workers;
    private final DoubleConsumer progress;
    private final ModelShape shape;               // of a GGUF file; null for a directory
    private final List<ConvertedTensor> tensors;

    Fp8Quantizer(final ModelSource source, final WorkerPool workers, final DoubleConsumer progress) {
        this.source = source;
        this.workers = workers;
        this.progress = progress;
        shape = source.gguf().isPresent() ? ModelShapes.read(source) : null;
        tensors = shape == null ? asTheyAre(source) : DirectoryTensors.of(source, shape);
    }

    private static List<ConvertedTensor> asTheyAre(final ModelSource source) {
        final StoredTensors stored = new StoredTensors(source);
        return source.tensors().stream().map(entry -> asItIs(stored, entry)).toList();
    }

    private static ConvertedTensor asItIs(final StoredTensors stored, final TensorEntry entry) {
        // Other types are refused by name before anything is read.
        final ConvertedTensor.Rows rows = TensorChoice.FLOATS.contains(entry.type()) ? stored.find(entry.name()).orElseThrow()::row : row -> new float[0];
        return new ConvertedTensor(entry.name(), entry.shape(), entry.type(), List.of(entry), rows);
    }

    QuantizeReport write(final Path out) {
        final Path parent = out.toAbsolutePath().getParent();
        if (Files.exists(out)) {
            throw SpillwayException.ofField(ErrorCode.ALREADY_EXISTS, "out", out + " exists; name a directory that does not");
        }
        try {
            final Path partial = Files.createDirectory(parent.resolve("." + out.getFileName() + "." + ProcessHandle.current().pid() + ".partial"));
            try {
                writeConfig(partial);
                final QuantizeReport report = writeWeights(partial.resolve(WEIGHTS));
                requireSameShape(partial);
                Files.move(partial, out, StandardCopyOption.ATOMIC_MOVE);
                return report;
            } finally {
                remove(partial);
            }
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot write " + out + " (" + e + "); check the folder, its permissions and the space left", e);
        }
    }

    private void writeConfig(final Path partial) throws IOException {
        final ObjectMapper mapper = new ObjectMapper();
        final int vocabulary = tensors.stream().filter(tensor -> tensor.name().equals(EMBEDDING)).mapToInt(ConvertedTensor::rowCount).findFirst().orElse(0);
        final ObjectNode config = new DirectoryFiles(source, partial).write(shape, vocabulary);
        if (config.has("quantization_config")) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path() + " is quantised already; give the original weights");
        }
        config.set("quantization_config", mapper.readTree(SCHEME));
        mapper.writerWithDefaultPrettyPrinter().writeValue(partial.resolve(DirectoryFiles.CONFIG).toFile(), config);
    }

    /** A configuration made of a GGUF file's keys must say what they say. */
    private void requireSameShape(final Path partial) {
        if (shape != null) {
            try (ModelSource made = ModelSource.open(partial)) {
                ShapeDifference.between(shape, ModelShapes.read(made)).ifPresent(difference -> {
                    throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path()
                        + " cannot be said in a Hugging Face configuration: its " + difference + "; give the directory that the file was made of");
                });
            }
        }
    }

    private QuantizeReport writeWeights(final Path file) {
        final QuantizeReport report = new QuantizeReport();
        final List<PlannedTensor> planned = new ArrayList<>();
        for (final ConvertedTensor tensor : tensors) {
            final TensorType type = TensorChoice.fp8(tensor).type();
            planned.add(new PlannedTensor(tensor.name(), type, tensor.shape()));
            long afterBytes = planned.getLast().sizeBytes();
            if (type == TensorType.F8_E4M3) {
                planned.add(new PlannedTensor(tensor.name() + SCALE, TensorType.F32, List.of(tensor.shape().getFirst(), 1L)));
                afterBytes += planned.getLast().sizeBytes();
            }
            report.add(new QuantizeReport.Change(tensor.name(), tensor.keptType().name(), type.name(), beforeBytes(tensor), afterBytes, ""));
        }
        long doneBytes = 0;
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, Map.of("format", "pt"), planned)) {
            for (final ConvertedTensor tensor : tensors) {
                if (TensorChoice.fp8(tensor).type() == TensorType.F8_E4M3) {
                    encode(tensor, writer);
                } else {
                    copy(tensor, writer);
                }
                doneBytes += beforeBytes(tensor);
                progress.accept((double) doneBytes / report.beforeBytes());
            }
            writer.commit();
        }
        return report;
    }

    private static long beforeBytes(final ConvertedTensor tensor) {
        return tensor.keptType().bytesOf((long) tensor.rowCount() * tensor.columns());
    }

    private void encode(final ConvertedTensor tensor, final SafetensorsWriter writer) {
        final int rowCount = tensor.rowCount();
        final long columns = tensor.columns();
        final RowSource rows = new RowSource(tensor.name(), rowCount, tensor.columns(), tensor.rows());
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment weights = arena.allocate(rowCount * columns);
            final MemorySegment scales = arena.allocate((long) rowCount * Float.BYTES);
            workers.run(rowCount, (row, worker) ->
                scales.set(FLOAT, (long) row * Float.BYTES, F8Encoder.encode(rows.row(row), weights, row * columns)));
            writer.append(weights);
            writer.append(scales);
        }
    }

    private void copy(final ConvertedTensor tensor, final SafetensorsWriter writer) {
        if (shape == null) {
            writer.append(source.tensor(tensor.name()));
            return;
        }
        final long rowBytes = tensor.keptType().bytesOf(tensor.columns());
        final RowEncoder encoder = RowEncoder.of(tensor.keptType());
        final boolean same = tensor.rows().copies();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment row = arena.allocate(rowBytes);
            for (int i = 0; i < tensor.rowCount(); i++) {
                if (same) {
                    tensor.rows().copyRow(i, row, 0);
                } else {
                    encoder.encode(tensor.rows().row(i), row, 0);
                }
                writer.append(row);
            }
        }
    }

    private static void remove(final Path partial) throws IOException {
        if (!Files.exists(partial)) {
            return; // it has become the result
        }
        try (Stream<Path> files = Files.walk(partial)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
