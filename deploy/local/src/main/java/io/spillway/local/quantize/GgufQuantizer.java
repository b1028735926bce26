package io.spillway.local.quantize;

import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.PlannedTensor;
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

/** Writes a GGUF file with fewer bits than its content has. Metadata and vectors stay as they are. */
final class GgufQuantizer {
    private static final long PIECE_BYTES = 16L << 20;
    private static final int QUANTIZATION_VERSION = 2;

    private final GgufContent content;
    private final TargetType target;
    private final WorkerPool workers;
    private final DoubleConsumer progress;

    GgufQuantizer(final GgufContent content, final TargetType target, final WorkerPool workers, final DoubleConsumer progress) {
        this.content = content;
        this.target = target;
        this.workers = workers;
        this.progress = progress;
    }

    QuantizeReport write(final Path out) {
        final QuantizeReport report = new QuantizeReport();
        content.notes().forEach(report::note);
        final List<PlannedTensor> planned = new ArrayList<>();
        for (final GgufContent.Content tensor : content.tensors()) {
            final TensorChoice choice = TensorChoice.gguf(tensor, target);
            planned.add(new PlannedTensor(tensor.name(), choice.type(), tensor.shape()));
            report.add(new QuantizeReport.Change(tensor.name(), tensor.stored().name(), choice.type().name(), tensor.sourceBytes(),
                planned.getLast().sizeBytes(), choice.note()));
        }
        long doneBytes = 0;
        try (GgufWriter writer = GgufWriter.create(out, metadata(), planned)) {
            for (int i = 0; i < planned.size(); i++) {
                final GgufContent.Content tensor = content.tensors().get(i);
                if (tensor.bytes() != null && planned.get(i).type() == tensor.kept()) {
                    writer.append(tensor.bytes());
                } else {
                    encode(tensor, planned.get(i).type(), writer);
                }
                doneBytes += tensor.sourceBytes();
                progress.accept((double) doneBytes / report.beforeBytes());
            }
            writer.commit();
        }
        return report;
    }

    private Map<String, GgufValue> metadata() {
        final Map<String, GgufValue> metadata = new LinkedHashMap<>(content.metadata());
        metadata.put("general.file_type", GgufValue.ofInteger(target.fileType()));
        metadata.put("general.quantization_version", GgufValue.ofInteger(QUANTIZATION_VERSION));
        return metadata;
    }

    private void encode(final GgufContent.Content tensor, final TensorType type, final GgufWriter writer) {
        final RowSource rows = tensor.rows().get();
        final int rowCount = rows.rows();
        final long rowBytes = type.bytesOf(rows.columns());
        final int pieceRows = (int) Math.clamp(PIECE_BYTES / Math.max(1, rowBytes), 1, Math.max(1, rowCount));
        final RowWriter[] rowWriters = new RowWriter[workers.workerCount()];
        for (int worker = 0; worker < rowWriters.length; worker++) {
            rowWriters[worker] = rowWriter(rows, type, tensor.stored());
        }
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment piece = arena.allocate(pieceRows * rowBytes);
            for (int first = 0; first < rowCount; first += pieceRows) {
                final int from = first;
                final int count = Math.min(pieceRows, rowCount - first);
                workers.run(count, (row, worker) -> rowWriters[worker].write(from + row, piece, row * rowBytes));
                writer.append(piece.asSlice(0, count * rowBytes));
            }
        }
    }

    private interface RowWriter {
        void write(int row, MemorySegment target, long at);
    }

    private static RowWriter rowWriter(final RowSource rows, final TensorType type, final TensorType stored) {
        if (type == stored && rows.numbers().copies()) {
            return rows.numbers()::copyRow;
        }
        final RowEncoder encoder = RowEncoder.of(type);
        return (row, target, at) -> encoder.encode(rows.row(row, type), target, at);
    }
}
