package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.WorkerPool;
import io.spillway.node.stored.RowEncoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;

/** Writes a GGUF file again with fewer bits. Metadata and vectors are copied as they are. */
final class GgufQuantizer {
    private static final long PIECE_BYTES = 16L << 20;
    private static final int FILE_TYPE_Q8_0 = 7;    // as llama.cpp numbers them
    private static final int FILE_TYPE_Q4_K = 14;
    private static final int QUANTIZATION_VERSION = 2;

    private final ModelSource source;
    private final GgufFile gguf;
    private final TargetType target;
    private final WorkerPool workers;
    private final DoubleConsumer progress;

    GgufQuantizer(final ModelSource source, final TargetType target, final WorkerPool workers, final DoubleConsumer progress) {
        this.source = source;
        gguf = source.gguf().orElseThrow(() -> SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path()
            + " is a Hugging Face directory; q8_0 and q4_k are made of GGUF files, fp8 of directories"));
        this.target = target;
        this.workers = workers;
        this.progress = progress;
    }

    QuantizeReport write(final Path out) {
        final QuantizeReport report = new QuantizeReport();
        final List<PlannedTensor> planned = new ArrayList<>();
        for (final TensorEntry entry : gguf.tensors()) {
            final TensorChoice choice = TensorChoice.gguf(entry, target);
            planned.add(new PlannedTensor(entry.name(), choice.type(), entry.shape()));
            report.add(new QuantizeReport.Change(entry.name(), entry.type().name(), choice.type().name(), entry.sizeBytes(),
                planned.getLast().sizeBytes(), choice.note()));
        }
        long doneBytes = 0;
        try (GgufWriter writer = GgufWriter.create(out, metadata(), planned)) {
            for (final PlannedTensor tensor : planned) {
                final TensorEntry entry = gguf.find(tensor.name()).orElseThrow();
                if (tensor.type() == entry.type()) {
                    writer.append(gguf.tensor(entry.name()));
                } else {
                    encode(RowSource.of(source, entry), tensor.type(), writer);
                }
                doneBytes += entry.sizeBytes();
                progress.accept((double) doneBytes / report.beforeBytes());
            }
            writer.commit();
        }
        return report;
    }

    private Map<String, GgufValue> metadata() {
        final Map<String, GgufValue> metadata = new LinkedHashMap<>();
        gguf.keys().forEach(key -> metadata.put(key, gguf.value(key).orElseThrow()));
        metadata.remove("general.alignment"); // ours is the default
        metadata.put("general.file_type", GgufValue.ofInteger(target == TargetType.Q8_0 ? FILE_TYPE_Q8_0 : FILE_TYPE_Q4_K));
        metadata.put("general.quantization_version", GgufValue.ofInteger(QUANTIZATION_VERSION));
        return metadata;
    }

    private void encode(final RowSource rows, final TensorType type, final GgufWriter writer) {
        final int rowCount = rows.matrix().rows();
        final long rowBytes = type.bytesOf(rows.matrix().columns());
        final int pieceRows = (int) Math.clamp(PIECE_BYTES / rowBytes, 1, rowCount);
        final RowEncoder[] encoders = new RowEncoder[workers.workerCount()];
        for (int worker = 0; worker < encoders.length; worker++) {
            encoders[worker] = RowEncoder.of(type);
        }
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment piece = arena.allocate(pieceRows * rowBytes);
            for (int first = 0; first < rowCount; first += pieceRows) {
                final int from = first;
                final int count = Math.min(pieceRows, rowCount - first);
                workers.run(count, (row, worker) -> encoders[worker].encode(rows.row(from + row), piece, row * rowBytes));
                writer.append(piece.asSlice(0, count * rowBytes));
            }
        }
    }
}
