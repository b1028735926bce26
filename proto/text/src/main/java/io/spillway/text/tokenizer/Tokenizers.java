package io.spillway.text.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Opens tokenizers. Stateless; any thread. */
public final class Tokenizers {
    /** GGUF's key for it. */
    public static final String WHOLE_JSON = "tokenizer.huggingface.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private Tokenizers() {
    }

    /**
     * @param file a Hugging Face {@code tokenizer.json}
     * @throws SpillwayException {@code INVALID_MODEL_FILE} when it is missing, broken or of an unknown kind
     */
    public static Tokenizer ofHuggingFace(final Path file) {
        try {
            return ofJson(Files.readString(file), file);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static Tokenizer ofJson(final String json, final Path from) {
        try {
            return LibraryTokenizer.of(json, vocabulary(JSON.readTree(json), from), from.toString());
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "the tokenizer of " + from + " is no valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * A {@code tokenizer.json} that the file holds as a whole goes before its {@code tokenizer.ggml} keys, which cannot say everything.
     *
     * @throws SpillwayException {@code INVALID_MODEL_FILE} when the vocabulary is missing, broken or of an unknown kind
     */
    public static Tokenizer ofGguf(final GgufFile file, final Path from) {
        if (file.string(WHOLE_JSON).isPresent()) {
            return ofJson(json(file, from), from);
        }
        final GgufVocabulary vocabulary = GgufVocabulary.read(file, from);
        return LibraryTokenizer.of(GgufTokenizerJson.of(vocabulary, from), vocabulary.vocabulary(), from.toString());
    }

    /**
     * @return the {@code tokenizer.json} of the tokenizer that {@link #ofGguf} gives
     * @throws SpillwayException {@code INVALID_MODEL_FILE} when the vocabulary is missing or of an unknown kind
     */
    public static String json(final GgufFile file, final Path from) {
        return file.string(WHOLE_JSON).orElseGet(() -> GgufTokenizerJson.of(GgufVocabulary.read(file, from), from));
    }

    /**
     * @param expressions the regular expressions that split a text, one after the other
     * @param wholeWords  whether a whole word of the vocabulary is taken before any merge
     * @return what GGUF calls that rule ({@code tokenizer.ggml.pre}); empty when it has no name that is known here
     */
    public static Optional<String> splittingRule(final List<String> expressions, final boolean wholeWords) {
        return PreTokenizers.nameOf(expressions, wholeWords);
    }

    private static Vocabulary vocabulary(final JsonNode root, final Path file) {
        final List<Vocabulary.Entry> entries = new ArrayList<>();
        final JsonNode tokens = root.path("model").path("vocab");
        if (tokens.isObject()) {
            tokens.properties().forEach(token ->
                entries.add(new Vocabulary.Entry(token.getValue().asInt(), token.getKey(), false, false)));
        } else if (tokens.isArray()) {
            tokens.forEach(token -> entries.add(new Vocabulary.Entry(entries.size(), token.path(0).asText(), false, false)));
        } else {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " has no vocabulary");
        }
        root.path("added_tokens").forEach(token -> entries.add(new Vocabulary.Entry(
            token.path("id").asInt(), token.path("content").asText(), true, token.path("special").asBoolean())));
        if (entries.stream().anyMatch(entry -> entry.id() < 0 || entry.id() > 1 << 24)) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " has a token id out of range");
        }
        return Vocabulary.of(entries, spelling(root, file));
    }

    private static TokenSpelling spelling(final JsonNode root, final Path file) {
        final String decoder = root.path("decoder").toString();
        if (decoder.contains("\"ByteLevel\"")) {
            return TokenSpelling.BYTE_LEVEL;
        }
        if (decoder.contains("\"ByteFallback\"") || decoder.contains("\"Metaspace\"")) {
            return TokenSpelling.SENTENCE_PIECE;
        }
        throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE,
            file + " has a decoder that is neither ByteLevel nor ByteFallback nor Metaspace");
    }
}
