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

/** Opens tokenizers. Stateless; any thread. */
public final class Tokenizers {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Tokenizers() {
    }

    /**
     * @param file a Hugging Face {@code tokenizer.json}
     * @throws SpillwayException {@code INVALID_MODEL_FILE} when it is missing, broken or of an unknown kind
     */
    public static Tokenizer ofHuggingFace(final Path file) {
        try {
            final String json = Files.readString(file);
            return LibraryTokenizer.of(json, vocabulary(JSON.readTree(json), file), file.toString());
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " is no valid JSON: " + e.getOriginalMessage(), e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** @throws SpillwayException {@code INVALID_MODEL_FILE} when the vocabulary is missing or of an unknown kind */
    public static Tokenizer ofGguf(final GgufFile file, final Path from) {
        final GgufVocabulary vocabulary = GgufVocabulary.read(file, from);
        return LibraryTokenizer.of(GgufTokenizerJson.of(vocabulary, from), vocabulary.vocabulary(), from.toString());
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
