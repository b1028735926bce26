package io.spillway.local.quantize;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufValue;
import io.spillway.text.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The vocabulary of a {@code tokenizer.json} as GGUF's {@code tokenizer.ggml} keys: byte-level BPE, and SentencePiece's BPE with byte fallback. */
final class VocabularyKeys {
    private static final String KEYS = "tokenizer.ggml.";
    private static final Set<String> NORMALIZERS = Set.of("Sequence", "Prepend", "Replace");
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private final Path file;
    private final JsonNode root;
    private final String[] tokens;
    private final int[] types;
    private final List<String> notes;
    private final Map<String, GgufValue> keys = new LinkedHashMap<>();
    private boolean sayable = true;

    private VocabularyKeys(final Path file, final JsonNode root, final int vocabulary, final List<String> notes) {
        this.file = file;
        this.root = root;
        this.notes = notes;
        tokens = new String[vocabulary];
        types = new int[vocabulary];
    }

    /**
     * @param vocabulary rows of the embedding: tokens beyond them cannot be computed, rows beyond the tokens get names of their own
     * @param notes      gets what people should know
     * @throws SpillwayException INVALID_VALUE for a tokenizer that GGUF has no kind for; INVALID_MODEL_FILE for a broken one
     */
    static Said of(final Path file, final int vocabulary, final List<String> notes) {
        final VocabularyKeys made = new VocabularyKeys(file, read(file), vocabulary, notes);
        made.vocabulary();
        return new Said(made.keys, made.sayable);
    }

    /**
     * @param keys  GGUF's
     * @param whole whether they say everything that the tokenizer does
     */
    record Said(Map<String, GgufValue> keys, boolean whole) { }

    static JsonNode read(final Path file) {
        try {
            return new ObjectMapper().readTree(Files.readString(file));
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " is no valid JSON: " + e.getOriginalMessage(), e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private SpillwayException refused(final String what) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", file + " " + what + "; GGUF has no place for that");
    }

    private void vocabulary() {
        final JsonNode model = root.path("model");
        final String kind = model.path("type").asText("BPE");
        if (!kind.equals("BPE") || !model.path("vocab").isObject() || !model.path("merges").isArray()) {
            throw refused("is of the kind '" + kind + "', where only BPE can be carried over");
        }
        final boolean bytePairs = root.path("decoder").toString().contains("\"ByteLevel\"");
        fill(model, bytePairs);
        keys.put(KEYS + "model", GgufValue.ofString(bytePairs ? "gpt2" : "llama"));
        keys.put(KEYS + "pre", GgufValue.ofString(bytePairs ? splittingRule(model) : "default"));
        keys.put(KEYS + "tokens", GgufValue.ofStrings(Arrays.asList(tokens)));
        final List<String[]> merges = merges(model);
        if (bytePairs) {
            keys.put(KEYS + "merges", GgufValue.ofStrings(merges.stream().map(pair -> pair[0] + " " + pair[1]).toList()));
        } else {
            final PieceScores scores = PieceScores.of(pieces(), merges);
            sayable &= scores.exact();
            keys.put(KEYS + "scores", GgufValue.ofReals(scores.scores()));
            keys.put(KEYS + "add_space_prefix", GgufValue.ofBool(spacePrefix()));
        }
        keys.put(KEYS + "token_type", GgufValue.ofIntegers(types));
        sayable &= plainNormalizer(bytePairs) && plainAddedTokens();
    }

    /** Of byte pairs none; of SentencePiece spaces only, put before every part of a text. */
    private boolean plainNormalizer(final boolean bytePairs) {
        final JsonNode normalizer = root.path("normalizer");
        if (bytePairs) {
            return normalizer.isMissingNode() || normalizer.isNull();
        }
        final JsonNode splitter = root.path("pre_tokenizer");
        final boolean metaspace = splitter.path("type").asText().equals("Metaspace");
        return normalizer.findValuesAsText("type").stream().allMatch(NORMALIZERS::contains)
            && !(metaspace && (splitter.path("split").asBoolean(true) || splitter.path("prepend_scheme").asText().equals("first")));
    }

    /** Found as they are, wherever they stand. */
    private boolean plainAddedTokens() {
        for (final JsonNode token : root.path("added_tokens")) {
            if (token.path("lstrip").asBoolean() || token.path("rstrip").asBoolean() || token.path("single_word").asBoolean()) {
                return false;
            }
        }
        return true;
    }

    /** @return normal pieces and bytes by id; null for the rest */
    private String[] pieces() {
        final String[] pieces = new String[tokens.length];
        for (int id = 0; id < pieces.length; id++) {
            pieces[id] = types[id] == NORMAL || types[id] == BYTE ? tokens[id] : null;
        }
        return pieces;
    }

    private void fill(final JsonNode model, final boolean bytePairs) {
        final boolean fallback = model.path("byte_fallback").asBoolean();
        model.path("vocab").properties().forEach(token -> {
            final int id = token.getValue().asInt(-1);
            if (id < 0 || id >= tokens.length) {
                throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, file + " has token " + id + ", but the embedding has " + tokens.length + " rows");
            }
            tokens[id] = token.getKey();
            types[id] = fallback && token.getKey().matches("<0x[0-9A-F]{2}>") ? BYTE : NORMAL;
        });
        int beyond = 0;
        for (final JsonNode token : root.path("added_tokens")) {
            final int id = token.path("id").asInt(-1);
            if (id < 0 || id >= tokens.length) {
                beyond++;
                continue;
            }
            tokens[id] = token.path("content").asText();
            types[id] = token.path("special").asBoolean() ? CONTROL : USER_DEFINED;
        }
        if (beyond > 0) {
            notes.add(beyond + " added tokens are beyond the embedding's " + tokens.length + " rows and left out");
        }
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] == null) {
                tokens[id] = "[PAD" + id + "]";
                types[id] = UNUSED;
            } else if (!bytePairs && tokens[id].equals(model.path("unk_token").asText(""))) {
                types[id] = UNKNOWN;
            }
        }
    }

    private List<String[]> merges(final JsonNode model) {
        final List<String[]> merges = new ArrayList<>();
        for (final JsonNode merge : model.path("merges")) {
            final String[] pair = merge.isArray() ? new String[] {merge.path(0).asText(), merge.path(1).asText()} : merge.asText().split(" ", -1);
            if (pair.length != 2 || pair[0].contains(" ") || pair[1].contains(" ")) {
                throw refused("has the merge " + merge);
            }
            merges.add(pair);
        }
        return merges;
    }

    private String splittingRule(final JsonNode model) {
        final List<String> expressions = new ArrayList<>();
        final JsonNode splitter = root.path("pre_tokenizer");
        for (final JsonNode step : splitter.has("pretokenizers") ? splitter.path("pretokenizers") : List.of(splitter)) {
            expression(step, expressions);
        }
        return Tokenizers.splittingRule(expressions, model.path("ignore_merges").asBoolean())
            .orElseThrow(() -> refused("splits text by " + expressions + ", a rule without a name"));
    }

    private void expression(final JsonNode step, final List<String> expressions) {
        switch (step.path("type").asText()) {
            case "ByteLevel" -> {
                if (step.path("add_prefix_space").asBoolean()) {
                    throw refused("puts a space before a text of byte pairs");
                }
                if (step.path("use_regex").asBoolean(true)) {
                    expressions.add("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
                }
            }
            case "Digits" -> expressions.add(step.path("individual_digits").asBoolean() ? "\\p{N}" : "\\p{N}+");
            case "Split" -> expressions.add(step.path("pattern").path("Regex").asText());
            default -> throw refused("splits text by a step '" + step.path("type").asText() + "'");
        }
    }

    /** Older files put the space by a normalizer, newer ones by a pre-tokenizer; gemma has none. */
    private boolean spacePrefix() {
        final JsonNode splitter = root.path("pre_tokenizer");
        final boolean metaspace = splitter.path("type").asText().equals("Metaspace");
        return metaspace && !splitter.path("prepend_scheme").asText(splitter.path("add_prefix_space").asBoolean(true) ? "always" : "never").equals("never")
            || root.path("normalizer").toString().contains("\"Prepend\"");
    }
}
