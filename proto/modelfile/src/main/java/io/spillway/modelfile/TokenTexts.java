package io.spillway.modelfile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The vocabulary of a model as its files write it: token texts by id. Two models whose vocabularies agree read the same tokens in the
 * same texts, whatever format they are kept in.
 *
 * @param byId text of each token that has one; ascending ids
 */
public record TokenTexts(TreeMap<Integer, String> byId) {
    private static final String GGUF_TOKENS = "tokenizer.ggml.tokens";

    /**
     * @return the vocabulary of {@code source}; empty when its files hold none
     * @throws SpillwayException INVALID_MODEL_FILE when {@code tokenizer.json} cannot be read
     */
    public static Optional<TokenTexts> of(final ModelSource source) {
        final Optional<TokenTexts> gguf = source.gguf().flatMap(file -> file.strings(GGUF_TOKENS)).map(TokenTexts::ofList);
        if (gguf.isPresent()) {
            return gguf;
        }
        final Path file = (Files.isDirectory(source.path()) ? source.path() : source.path().toAbsolutePath().getParent())
                .resolve("tokenizer.json");
        return Files.isRegularFile(file) ? Optional.of(ofJson(file)) : Optional.empty();
    }

    private static TokenTexts ofList(final List<String> tokens) {
        final TreeMap<Integer, String> byId = new TreeMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            byId.put(id, tokens.get(id));
        }
        return new TokenTexts(byId);
    }

    private static TokenTexts ofJson(final Path file) {
        final JsonNode root;
        try {
            root = JsonMapper.builder().build().readTree(file.toFile());
        } catch (final IOException e) {
            throw Refusal.of(file, "is no JSON (" + e.getMessage() + "); fetch it again", e);
        }
        final TreeMap<Integer, String> byId = new TreeMap<>();
        final JsonNode vocabulary = root.path("model").path("vocab");
        for (final Map.Entry<String, JsonNode> token : vocabulary.properties()) {
            byId.put(token.getValue().intValue(), token.getKey());
        }
        for (final JsonNode added : root.path("added_tokens")) {
            byId.put(added.path("id").intValue(), added.path("content").asText());
        }
        return new TokenTexts(byId);
    }

    /** @return the lowest id that means different texts here and there; −1: none does. Ids that only one of them has do not count */
    public int firstDifference(final TokenTexts other) {
        for (final Map.Entry<Integer, String> token : byId.entrySet()) {
            final String there = other.byId.get(token.getKey());
            if (there != null && !there.equals(token.getValue())) {
                return token.getKey();
            }
        }
        return -1;
    }
}
