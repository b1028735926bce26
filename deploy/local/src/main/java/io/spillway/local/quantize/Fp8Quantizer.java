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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.stream.Stream;

/**
 * Writes a Hugging Face directory again with FP8 weights, in the layout of compressed-tensors (format float-quantized, a scale
 * per output row), which other engines read too. The directory appears whole or not at all.
 */
final class Fp8Quantizer {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final String CONFIG = "config.json";
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

    Fp8Quantizer(final ModelSource source, final WorkerPool workers, final DoubleConsumer progress) {
        if (source.config().isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path()
                + " is a GGUF file, and FP8 weights stand in Hugging Face directories only; give the directory that the file was made of");
        }
        this.source = source;
        this.workers = workers;
        this.progress = progress;
    }

    QuantizeReport write(final Path out) {
        final Path parent = out.toAbsolutePath().getParent();
        if (Files.exists(out)) {
            throw SpillwayException.ofField(ErrorCode.ALREADY_EXISTS, "out", out + " exists; name a directory that does not");
        }
        try {
            final Path partial = Files.createDirectory(parent.resolve("." + out.getFileName() + "." + ProcessHandle.current().pid() + ".partial"));
            try {
                copySmallFiles(partial);
                writeConfig(partial.resolve(CONFIG));
                final QuantizeReport report = writeWeights(partial.resolve(WEIGHTS));
                Files.move(partial, out, StandardCopyOption.ATOMIC_MOVE);
                return report;
            } finally {
                remove(partial);
            }
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot write " + out + " (" + e + "); check the folder, its permissions and the space left", e);
        }
    }

    private Path directory() {
        return Files.isDirectory(source.path()) ? source.path() : source.path().toAbsolutePath().getParent();
    }

    /** Tokenizer, templates, generation settings: everything of text beside the weights. */
    private void copySmallFiles(final Path partial) throws IOException {
        try (Stream<Path> files = Files.list(directory())) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                final String name = file.getFileName().toString();
                final boolean text = name.endsWith(".json") || name.endsWith(".txt") || name.endsWith(".jinja") || name.endsWith(".model");
                if (text && !name.equals(CONFIG) && !name.endsWith(".safetensors.index.json")) {
                    Files.copy(file, partial.resolve(name));
                }
            }
        }
    }

    private void writeConfig(final Path file) throws IOException {
        final ObjectMapper mapper = new ObjectMapper();
        final ObjectNode config = (ObjectNode) mapper.readTree(directory().resolve(CONFIG).toFile());
        if (config.has("quantization_config")) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path() + " is quantised already; give the original weights");
        }
        config.set("quantization_config", mapper.readTree(SCHEME));
        mapper.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), config);
    }

    private QuantizeReport writeWeights(final Path file) {
        final QuantizeReport report = new QuantizeReport();
        final List<PlannedTensor> planned = new ArrayList<>();
        for (final TensorEntry entry : source.tensors()) {
            final TensorType type = TensorChoice.fp8(entry).type();
            planned.add(new PlannedTensor(entry.name(), type, entry.shape()));
            long afterBytes = planned.getLast().sizeBytes();
            if (type == TensorType.F8_E4M3) {
                planned.add(new PlannedTensor(entry.name() + SCALE, TensorType.F32, List.of(entry.shape().getFirst(), 1L)));
                afterBytes += planned.getLast().sizeBytes();
            }
            report.add(new QuantizeReport.Change(entry.name(), entry.type().name(), type.name(), entry.sizeBytes(), afterBytes, ""));
        }
        long doneBytes = 0;
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, Map.of("format", "pt"), planned)) {
            for (final TensorEntry entry : source.tensors()) {
                if (TensorChoice.fp8(entry).type() == TensorType.F8_E4M3) {
                    encode(RowSource.of(source, entry), writer);
                } else {
                    writer.append(source.tensor(entry.name()));
                }
                doneBytes += entry.sizeBytes();
                progress.accept((double) doneBytes / report.beforeBytes());
            }
            writer.commit();
        }
        return report;
    }

    private void encode(final RowSource rows, final SafetensorsWriter writer) {
        final int rowCount = rows.rows();
        final long columns = rows.columns();
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment weights = arena.allocate(rowCount * columns);
            final MemorySegment scales = arena.allocate((long) rowCount * Float.BYTES);
            workers.run(rowCount, (row, worker) ->
                scales.set(FLOAT, (long) row * Float.BYTES, F8Encoder.encode(rows.row(row), weights, row * columns)));
            writer.append(weights);
            writer.append(scales);
        }
    }

    private static void remove(final Path partial) throws IOException {
        if (!Files.exists(partial)) {
            return; // it has become the result
        }
        try (Stream<Path> files = Files.list(partial)) {
            for (final Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(partial);
    }
}
