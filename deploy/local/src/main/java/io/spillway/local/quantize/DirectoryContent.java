package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.weights.GgufKeys;
import io.spillway.node.weights.ConvertedTensor;
import io.spillway.node.weights.GgufTensors;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A Hugging Face directory as GGUF has it: metadata, tensors, tokenizer. What cannot be said there is refused. Stateless. */
final class DirectoryContent {
    private static final String EMBEDDING = "token_embd.weight";

    private DirectoryContent() {
    }

    /** @throws SpillwayException INVALID_VALUE for what GGUF cannot say; INVALID_MODEL_FILE for a directory that is broken */
    static GgufContent of(final ModelSource source) {
        final ModelShape shape = ModelShapes.read(source);
        final List<ConvertedTensor> tensors = GgufTensors.of(source, shape);
        final int vocabulary = tensors.stream().filter(tensor -> tensor.name().equals(EMBEDDING)).map(ConvertedTensor::rowCount).findFirst()
            .orElseThrow(() -> new SpillwayException(ErrorCode.INVALID_MODEL_FILE, source.path() + " has no embedding"));
        final Map<String, GgufValue> metadata = new LinkedHashMap<>(GgufKeys.of(source, shape, vocabulary));
        final List<String> notes = new ArrayList<>();
        windowsNote(shape, notes);
        final Path json = source.path().resolve("tokenizer.json");
        if (Files.isRegularFile(json)) {
            final VocabularyKeys.Said said = VocabularyKeys.of(json, vocabulary, notes);
            metadata.putAll(said.keys());
            metadata.putAll(TextKeys.of(source.path(), vocabulary, notes));
            new CarriedCheck(source, shape, tensors).check(metadata, said.whole(), notes);
        } else if (Files.isRegularFile(source.path().resolve("tokenizer.model"))) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path()
                + " has a tokenizer.model but no tokenizer.json, which is what is read here; save it with a fast tokenizer first");
        } else {
            metadata.put("tokenizer.ggml.model", GgufValue.ofString("no_vocab"));
            notes.add("there is no tokenizer.json: the file takes token ids only");
            new CarriedCheck(source, shape, tensors).checkShape(metadata);
        }
        return new GgufContent(metadata, tensors.stream().map(GgufContent::of).toList(), List.copyOf(notes));
    }

    private static void windowsNote(final ModelShape shape, final List<String> notes) {
        boolean windows = false;
        for (int layer = 0; layer < shape.layers(); layer++) {
            windows |= shape.attention().windows().tokensOf(layer) > 0;
        }
        switch (shape.architecture()) {
            case GEMMA2, GEMMA3, GPT_OSS -> { }
            default -> {
                if (windows) {
                    notes.add("windows of " + shape.attention().windows().tokens() + " tokens are kept; llama.cpp sees everything in models of this kind");
                }
            }
        }
    }
}
