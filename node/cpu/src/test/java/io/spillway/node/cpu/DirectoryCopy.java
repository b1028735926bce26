package io.spillway.node.cpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.SafetensorsWriter;
import io.spillway.modelfile.TensorType;
import io.spillway.node.stored.RowEncoder;
import io.spillway.node.weights.ConvertedTensor;
import io.spillway.node.weights.DirectoryConfig;
import io.spillway.node.weights.DirectoryTensors;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes a GGUF file of F32 weights as the Hugging Face directory of the same model, by the product's own way back. */
final class DirectoryCopy {
    private DirectoryCopy() {
    }

    static Path write(final Path from, final Path to) throws IOException {
        Files.createDirectories(to);
        try (ModelSource source = ModelSource.open(from)) {
            final ModelShape shape = ModelShapes.read(source);
            final List<ConvertedTensor> tensors = DirectoryTensors.of(source, shape);
            new ObjectMapper().writeValue(to.resolve("config.json").toFile(), DirectoryConfig.of(source, shape, 256));
            final List<PlannedTensor> planned = tensors.stream().map(t -> new PlannedTensor(t.name(), TensorType.F32, t.shape())).toList();
            try (SafetensorsWriter writer = SafetensorsWriter.create(to.resolve("model.safetensors"), Map.of(), planned)) {
                for (final ConvertedTensor tensor : tensors) {
                    final long rowBytes = (long) tensor.columns() * Float.BYTES;
                    final MemorySegment bytes = MemorySegment.ofArray(new byte[(int) (tensor.rowCount() * rowBytes)]);
                    for (int row = 0; row < tensor.rowCount(); row++) {
                        RowEncoder.of(TensorType.F32).encode(tensor.rows().row(row), bytes, row * rowBytes);
                    }
                    writer.append(bytes);
                }
                writer.publish();
            }
        }
        return to;
    }
}
