package io.spillway.node.cpu;

import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.node.stored.RowEncoder;
import io.spillway.node.weights.GgufKeys;
import io.spillway.node.weights.ConvertedTensor;
import io.spillway.node.weights.GgufTensors;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** Writes a Hugging Face directory as the GGUF file of the same model, every tensor in the type it is kept in. */
final class GgufCopy {
    private GgufCopy() {
    }

    static Path write(final Path from, final Path to) {
        try (ModelSource source = ModelSource.open(from)) {
            final ModelShape shape = ModelShapes.read(source);
            final List<ConvertedTensor> tensors = GgufTensors.of(source, shape);
            final List<PlannedTensor> planned = tensors.stream().map(t -> new PlannedTensor(t.name(), t.keptType(), t.shape())).toList();
            try (GgufWriter writer = GgufWriter.create(to, GgufKeys.of(source, shape, 256), planned)) {
                for (final ConvertedTensor tensor : tensors) {
                    writer.append(bytes(tensor));
                }
                writer.publish();
            }
        }
        return to;
    }

    private static MemorySegment bytes(final ConvertedTensor tensor) {
        final long rowBytes = tensor.keptType().bytesOf(tensor.columns());
        final MemorySegment bytes = MemorySegment.ofArray(new byte[(int) (tensor.rowCount() * rowBytes)]);
        for (int row = 0; row < tensor.rowCount(); row++) {
            if (tensor.rows().copies()) {
                tensor.rows().copyRow(row, bytes, row * rowBytes);
            } else {
                RowEncoder.of(tensor.keptType()).encode(tensor.rows().row(row), bytes, row * rowBytes);
            }
        }
        return bytes;
    }
}
