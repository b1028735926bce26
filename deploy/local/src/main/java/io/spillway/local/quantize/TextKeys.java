package io.spillway.local.quantize;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufValue;
import io.spillway.text.ModelText;
import io.spillway.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What stands beside a vocabulary, as GGUF keys: special tokens, tokens that end an output, chat templates. */
final class TextKeys {
    private static final String KEYS = "tokenizer.ggml.";
    private static final String TEMPLATE = "tokenizer.chat_template";
    private static final Map<String, String> SPECIAL = Map.of("bos_token", "bos_token_id", "eos_token", "eos_token_id",
        "unk_token", "unknown_token_id", "pad_token", "padding_token_id", "sep_token", "seperator_token_id");
    /** Readers of GGUF end outputs here anyway, where these are special. */
    private static final List<String> TURN_ENDS = List.of("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>");
    private static final List<String> MORE_ENDS = List.of("eot_token_id", "eom_token_id");

    private final Path directory;
    private final int vocabulary;
    private final JsonNode config;
    private final Map<String, GgufValue> keys = new LinkedHashMap<>();

    private TextKeys(final Path directory, final int vocabulary) {
        this.directory = directory;
        this.vocabulary = vocabulary;
        final Path file = directory.resolve("tokenizer_config.json");
        config = Files.isRegularFile(file) ? VocabularyKeys.read(file) : MissingNode.getInstance();
    }

    /** @param vocabulary rows of the embedding @param notes gets what people should know */
    static Map<String, GgufValue> of(final Path directory, final int vocabulary, final List<String> notes) {
        final TextKeys made = new TextKeys(directory, vocabulary);
        try (ModelText text = ModelText.load(directory)) {
            made.specialTokens(text.tokenizer());
            made.begin(text.tokenizer());
            made.ends(text, notes);
        }
        made.templates();
        return made.keys;
    }

    private void specialTokens(final Tokenizer tokenizer) {
        SPECIAL.forEach((name, key) -> named(tokenizer, name).ifPresent(id -> keys.put(KEYS + key, GgufValue.ofInteger(id))));
    }

    private OptionalInt named(final Tokenizer tokenizer, final String name) {
        final JsonNode token = config.path(name);
        final JsonNode text = token.isObject() ? token.path("content") : token;
        final OptionalInt id = text.isTextual() ? tokenizer.idOf(text.asText()) : OptionalInt.empty();
        return id.isPresent() && id.getAsInt() < vocabulary ? id : OptionalInt.empty();
    }

    /** What the tokenizer does is what counts, whatever the settings say. */
    private void begin(final Tokenizer tokenizer) {
        final int[] around = tokenizer.encode("", true);
        keys.put(KEYS + "add_bos_token", GgufValue.ofBool(around.length > 0));
        if (around.length > 0) {
            keys.put(KEYS + "bos_token_id", GgufValue.ofInteger(around[0]));
        }
    }

    private void ends(final ModelText text, final List<String> notes) {
        final List<Integer> rest = new ArrayList<>(Arrays.stream(text.stopTokenIds()).filter(id -> id < vocabulary).boxed().toList());
        final OptionalInt eos = named(text.tokenizer(), "eos_token");
        if (eos.isPresent()) {
            rest.remove((Integer) eos.getAsInt());
        } else if (!rest.isEmpty()) {
            keys.put(KEYS + "eos_token_id", GgufValue.ofInteger(rest.removeFirst()));
        }
        for (final String end : TURN_ENDS) {
            text.tokenizer().idOf(end).ifPresent(id -> {
                if (text.tokenizer().isSpecial(id)) {
                    rest.remove((Integer) id);
                }
            });
        }
        for (final String key : MORE_ENDS) {
            if (!rest.isEmpty()) {
                keys.put(KEYS + key, GgufValue.ofInteger(rest.removeFirst()));
            }
        }
        if (!rest.isEmpty()) {
            notes.add("tokens " + rest + " end an output in the directory only: GGUF has room for three");
        }
    }

    private void templates() {
        template("default", "chat_template.jinja").ifPresent(source -> keys.put(TEMPLATE, GgufValue.ofString(source)));
        template("tool_use", "additional_chat_templates/tool_use.jinja").ifPresent(source -> {
            keys.put(TEMPLATE + "s", GgufValue.ofStrings(List.of("tool_use")));
            keys.put(TEMPLATE + ".tool_use", GgufValue.ofString(source));
        });
    }

    private Optional<String> template(final String name, final String fileName) {
        final Path file = directory.resolve(fileName);
        if (Files.isRegularFile(file)) {
            try {
                return Optional.of(Files.readString(file));
            } catch (final IOException e) {
                throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
            }
        }
        final JsonNode templates = config.path("chat_template");
        if (templates.isTextual()) {
            return name.equals("default") ? Optional.of(templates.asText()) : Optional.empty();
        }
        for (final JsonNode one : templates) {
            if (one.path("name").asText().equals(name)) {
                return Optional.of(one.path("template").asText());
            }
        }
        return Optional.empty();
    }
}
