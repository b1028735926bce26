package io.spillway.local.quantize;

import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorType;
import io.spillway.node.weights.ConvertedTensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A model as GGUF has it, before it is quantised; wherever it comes from. Borrows its source.
 *
 * @param metadata in the order of the file
 * @param tensors  in the order of the file
 * @param notes    what people should know of how it was made
 */
record GgufContent(Map<String, GgufValue> metadata, List<Content> tensors, List<String> notes) {
    /**
     * One tensor.
     *
     * @param shape       row-major, outermost first
     * @param stored      what it is stored as
     * @param kept        what it is written as where it is not quantised
     * @param sourceBytes what it takes in the source
     * @param rows        its numbers
     * @param bytes       the tensor in {@code kept} as a whole, where the source has it so; else null
     */
    record Content(String name, List<Long> shape, TensorType stored, TensorType kept, long sourceBytes, Supplier<RowSource> rows, MemorySegment bytes) { }

    /** @return a GGUF file's own */
    static GgufContent ofFile(final ModelSource source, final GgufFile gguf) {
        final Map<String, GgufValue> metadata = new LinkedHashMap<>();
        gguf.keys().forEach(key -> metadata.put(key, gguf.value(key).orElseThrow()));
        metadata.remove("general.alignment"); // ours is the default
        return new GgufContent(metadata, gguf.tensors().stream().map(entry -> new Content(entry.name(), entry.shape(), entry.type(), entry.type(),
            entry.sizeBytes(), () -> RowSource.of(source, entry), source.tensor(entry.name()))).toList(), List.of());
    }

    /** @return a tensor made of a directory's */
    static Content of(final ConvertedTensor tensor) {
        final long elements = tensor.shape().stream().reduce(1L, Math::multiplyExact);
        final TensorType stored = tensor.parts().isEmpty() || tensor.keptType() == TensorType.MXFP4 ? tensor.keptType() : tensor.parts().getFirst().type();
        return new Content(tensor.name(), tensor.shape(), stored, tensor.keptType(), stored.bytesOf(elements),
            () -> new RowSource(tensor.name(), tensor.rowCount(), tensor.columns(), tensor.rows()), null);
    }
}
