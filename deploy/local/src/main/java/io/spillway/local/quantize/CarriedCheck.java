package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.TensorType;
import io.spillway.node.stored.RowEncoder;
import io.spillway.node.weights.ConvertedTensor;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import io.spillway.node.weights.ShapeDifference;
import io.spillway.text.tokenizer.Tokenizer;
import io.spillway.text.tokenizer.Tokenizers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Reads back what a GGUF file will say, before its weights are written: the shape must be the directory's, and texts must become
 * the same tokens. Used by one thread.
 */
final class CarriedCheck {
    /** Whatever differs here makes the file useless to every reader. */
    static final List<String> COMMON = List.of("The quick brown fox jumps over the lazy dog. I'm sure: it's 1234567 of 89,000!",
        "def f(x):\n    return [x, \"y\"]  # twice\n\n\n\tend\r\n", "{\"name\": \"look_up\", \"arguments\": {\"order\": \"A-1042\", \"total\": 17.50}}",
        "Où est l'élève? Über größere Äpfel… 2 ≤ 3 — naïve", "汉字と仮名 漢字한글 кириллица ελληνικά עברית हिन्दी", "a  b   c    d", "👩‍💻 🏳️‍🌈 🙂");
    /** Written with combining marks, with spaces at odd places, with odd spaces. */
    static final List<String> RARE = List.of("e\u0301a\u0308 \u1100\u1161", " leading", "trailing ", "   ", "\n", "\u00a0\u2003x\u200b", "\u2581", "\u0000\u0007", "ﬁ ① Ⅳ ﷺ");

    private final ModelSource source;
    private final ModelShape shape;
    private final List<ConvertedTensor> tensors;

    /** @param tensors those that the file will have */
    CarriedCheck(final ModelSource source, final ModelShape shape, final List<ConvertedTensor> tensors) {
        this.source = source;
        this.shape = shape;
        this.tensors = tensors;
    }

    /** @throws SpillwayException INVALID_VALUE naming what GGUF cannot say of the shape */
    void checkShape(final Map<String, GgufValue> metadata) {
        read(metadata, probe -> { });
    }

    /**
     * Where GGUF's own keys do not say all of the tokenizer, it is put into the metadata as a whole.
     *
     * @param whole whether they should say all of it
     * @param notes gets that, if so
     * @throws SpillwayException INVALID_VALUE naming what GGUF cannot say of the shape, or that ordinary texts become other tokens
     */
    void check(final Map<String, GgufValue> metadata, final boolean whole, final List<String> notes) {
        final Path json = source.path().resolve("tokenizer.json");
        final List<String> rare = new ArrayList<>();
        try (Tokenizer expected = Tokenizers.ofHuggingFace(json)) {
            read(metadata, probe -> {
                try (Tokenizer actual = Tokenizers.ofGguf(probe.gguf().orElseThrow(), source.path())) {
                    differing(COMMON.stream(), expected, actual).ifPresent(text -> {
                        throw refused("the text '" + text + "' would become other tokens");
                    });
                    rareDifference(expected, actual).ifPresent(rare::add);
                }
            });
        }
        if (!whole || !rare.isEmpty()) {
            metadata.put(Tokenizers.WHOLE_JSON, GgufValue.ofString(text(json)));
            notes.add("the tokenizer is in the file as a whole: other programs, which read GGUF's own keys, may see other tokens in rare texts");
        }
    }

    private static String text(final Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private Optional<String> rareDifference(final Tokenizer expected, final Tokenizer actual) {
        final List<String> texts = new ArrayList<>(RARE);
        final int vocabulary = Math.min(expected.vocabularySize(), actual.vocabularySize());
        for (int id = 0; id < vocabulary; id++) {
            if (expected.isSpecial(id) != actual.isSpecial(id) || !Arrays.equals(expected.tokenBytes(id), actual.tokenBytes(id))) {
                return Optional.of("token " + id);
            }
            final String text = new String(expected.tokenBytes(id), StandardCharsets.UTF_8);
            texts.add(text);
            if (expected.isSpecial(id)) {
                texts.add("a" + text + "b " + text + " c\n" + text);
            }
        }
        return differing(texts.stream(), expected, actual);
    }

    /** @return the first of the texts that becomes other tokens */
    static Optional<String> differing(final Stream<String> texts, final Tokenizer expected, final Tokenizer actual) {
        return texts.filter(text -> !Arrays.equals(expected.encode(text, true), actual.encode(text, true))).findFirst();
    }

    /** Opens a file of the metadata and of the small tensors that metadata goes with. */
    private void read(final Map<String, GgufValue> metadata, final Consumer<ModelSource> with) {
        try {
            final Path file = Files.createTempFile("spillway-metadata", ".gguf");
            try {
                write(file, metadata);
                try (ModelSource probe = ModelSource.open(file)) {
                    ShapeDifference.between(shape, ModelShapes.read(probe)).ifPresent(difference -> {
                        throw refused("its " + difference);
                    });
                    with.accept(probe);
                }
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot write a temporary file: " + e.getMessage(), e);
        }
    }

    private void write(final Path file, final Map<String, GgufValue> metadata) {
        final List<PlannedTensor> planned = new ArrayList<>();
        final List<MemorySegment> contents = new ArrayList<>();
        for (final ConvertedTensor tensor : tensors) {
            if (tensor.parts().isEmpty()) { // what a configuration says and GGUF has as a tensor
                planned.add(new PlannedTensor(tensor.name(), TensorType.F32, tensor.shape()));
                final MemorySegment content = MemorySegment.ofArray(new byte[tensor.columns() * Float.BYTES]);
                RowEncoder.of(TensorType.F32).encode(tensor.rows().row(0), content, 0);
                contents.add(content);
            }
        }
        for (int layer = 0; layer < shape.layers(); layer++) { // a file has at least as many tensors as layers
            planned.add(new PlannedTensor("layer." + layer, TensorType.F32, List.of(1L)));
            contents.add(MemorySegment.ofArray(new byte[Float.BYTES]));
        }
        try (GgufWriter writer = GgufWriter.create(file, metadata, planned)) {
            contents.forEach(writer::append);
            writer.publish();
        }
    }

    private SpillwayException refused(final String what) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path() + " cannot be said in a GGUF file: " + what);
    }
}
