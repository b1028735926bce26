package io.spillway.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** Reads the settings of a Hugging Face directory. */
final class HuggingFaceSettings {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> TOKEN_NAMES =
        List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private final Path directory;
    private final JsonNode tokenizerConfig;

    private HuggingFaceSettings(final Path directory) {
        this.directory = directory;
        this.tokenizerConfig = json("tokenizer_config.json");
    }

    /** @throws SpillwayException {@code INVALID_MODEL_FILE} when a file is broken */
    static TextSettings read(final Path directory, final Tokenizer tokenizer) {
        final HuggingFaceSettings settings = new HuggingFaceSettings(directory);
        final Map<String, String> special = settings.specialTokens();
        return new TextSettings(settings.template("default", "chat_template.jinja"),
            settings.template("tool_use", "additional_chat_templates/tool_use.jinja"),
            special, settings.stopTokens(special, tokenizer), FillTokens.of(tokenizer), settings.contextTokens(), GenerationConfig.of(directory));
    }

    private JsonNode json(final String name) {
        final Path file = directory.resolve(name);
        if (!Files.exists(file)) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(Files.readString(file));
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " is no valid JSON: " + e.getOriginalMessage(), e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private Optional<String> template(final String name, final String fileName) {
        final Path file = directory.resolve(fileName);
        if (Files.exists(file)) {
            try {
                return Optional.of(Files.readString(file));
            } catch (final IOException e) {
                throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
            }
        }
        final JsonNode node = tokenizerConfig.path("chat_template");
        if (node.isTextual()) {
            return name.equals("default") ? Optional.of(node.asText()) : Optional.empty();
        }
        for (final JsonNode one : node) {
            if (one.path("name").asText().equals(name)) {
                return Optional.of(one.path("template").asText());
            }
        }
        return Optional.empty();
    }

    private Map<String, String> specialTokens() {
        final Map<String, String> tokens = new LinkedHashMap<>();
        for (final String name : TOKEN_NAMES) {
            final JsonNode token = tokenizerConfig.path(name);
            final JsonNode text = token.isObject() ? token.path("content") : token;
            if (text.isTextual()) {
                tokens.put(name, text.asText());
            }
        }
        return tokens;
    }

    private List<Integer> stopTokens(final Map<String, String> special, final Tokenizer tokenizer) {
        final TreeSet<Integer> stops = new TreeSet<>();
        for (final JsonNode eos : List.of(json(GenerationConfig.FILE).path("eos_token_id"), json("config.json").path("eos_token_id"))) {
            if (eos.isInt()) {
                stops.add(eos.asInt());
            }
            eos.forEach(id -> stops.add(id.asInt()));
        }
        if (special.containsKey("eos_token")) {
            tokenizer.idOf(special.get("eos_token")).ifPresent(stops::add);
        }
        return List.copyOf(stops);
    }

    private int contextTokens() {
        final JsonNode config = json("config.json");
        final JsonNode positions = config.path("max_position_embeddings");
        return (positions.isMissingNode() ? config.path("text_config").path("max_position_embeddings") : positions).asInt(0);
    }
}
