package io.spillway.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufTokenizerTest {
    @TempDir
    private Path folder;

    private Tokenizer open(final Map<String, Object> metadata) throws IOException {
        final Path path = folder.resolve("m.gguf");
        GgufWriter.write(path, metadata);
        try (GgufFile file = GgufFile.open(path)) {
            return Tokenizers.ofGguf(file, path);
        }
    }

    private static int[] ofTypes(final int size, final int normal, final int... first) {
        final int[] types = new int[size];
        Arrays.fill(types, normal);
        System.arraycopy(first, 0, types, 0, first.length);
        return types;
    }

    /** 0 to 2: special; 3 to 258: bytes; then pieces with their scores. */
    private static Map<String, Object> sentencePiece() {
        final List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int value = 0; value < 256; value++) {
            tokens.add("<0x%02X>".formatted(value));
        }
        final List<String> pieces = List.of("▁", "a", "b", "c", "▁a", "ab", "bc", "▁ab", "abc", "▁▁");
        final float[] scores = new float[tokens.size() + pieces.size()];
        final float[] pieceScores = {-9, -9, -9, -9, -4, -3, -2, -1, -5, -6};
        System.arraycopy(pieceScores, 0, scores, tokens.size(), pieceScores.length);
        tokens.addAll(pieces);
        final int[] types = ofTypes(tokens.size(), 1, 2, 3, 3);
        Arrays.fill(types, 3, 259, 6);
        final Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.model", "llama");
        metadata.put("tokenizer.ggml.tokens", tokens);
        metadata.put("tokenizer.ggml.scores", scores);
        metadata.put("tokenizer.ggml.token_type", types);
        metadata.put("tokenizer.ggml.bos_token_id", 1);
        metadata.put("tokenizer.ggml.eos_token_id", 2);
        return metadata;
    }

    @Test
    void sentencePieceMergesTheBestScoreFirst() throws IOException {
        try (Tokenizer tokenizer = open(sentencePiece())) {
            final int space = 259;
            assertThat(tokenizer.encode("ab", false)).as("▁ + ab, then ▁ab").containsExactly(space + 7);
            assertThat(tokenizer.encode("abc", false)).as("bc before ab").containsExactly(space + 4, space + 6);
            assertThat(tokenizer.encode("abc", true)).containsExactly(1, space + 4, space + 6);
            assertThat(tokenizer.encode("a\n", false)).as("a byte for what no piece has").containsExactly(space + 4, 3 + '\n');
            assertThat(tokenizer.encode("</s>", false)).contains(2);
            assertThat(tokenizer.tokenBytes(space + 7)).isEqualTo(" ab".getBytes());
            assertThat(tokenizer.tokenBytes(3 + 0xe9)).isEqualTo(new byte[] {(byte) 0xe9});
            assertThat(tokenizer.decode(tokenizer.encode("a é c", false))).isEqualTo(" a é c");
            assertThat(tokenizer.isSpecial(1)).isTrue();
            assertThat(tokenizer.isSpecial(space)).isFalse();
        }
    }

    private static Map<String, Object> bytePairs(final String pre) {
        final List<String> tokens = new ArrayList<>();
        for (int c = 0; c < 256 + 68; c++) {
            if (TokenSpelling.BYTE_LEVEL.bytes(Character.toString(c)).length == 1) {
                tokens.add(Character.toString(c));
            }
        }
        tokens.addAll(List.of("12", "123", "Ġ1", "<s>"));
        final int[] types = ofTypes(tokens.size(), 1);
        types[tokens.size() - 1] = 3;
        final Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.model", "gpt2");
        metadata.put("tokenizer.ggml.pre", pre);
        metadata.put("tokenizer.ggml.tokens", tokens);
        metadata.put("tokenizer.ggml.token_type", types);
        metadata.put("tokenizer.ggml.merges", List.of("1 2", "12 3", "Ġ 1"));
        metadata.put("tokenizer.ggml.bos_token_id", tokens.size() - 1);
        return metadata;
    }

    private List<String> split(final String pre, final String text) throws IOException {
        try (Tokenizer tokenizer = open(bytePairs(pre))) {
            return Arrays.stream(tokenizer.encode(text, false)).mapToObj(id -> tokenizer.decode(new int[] {id})).toList();
        }
    }

    @Test
    void thePreTokenizerDecidesWhatMayMerge() throws IOException {
        assertThat(split("qwen2", "1231 1")).containsExactly("1", "2", "3", "1", " ", "1");
        assertThat(split("llama-bpe", "1231 1")).containsExactly("123", "1", " ", "1");
        assertThat(split("gpt-2", "1231 1")).containsExactly("123", "1", " 1");
        assertThat(split("dbrx", "1231 1")).containsExactly("123", "1", " ", "1");
        assertThat(split("gpt-4o", "1231 1")).containsExactly("123", "1", " ", "1");
        assertThat(split("default", "1231")).containsExactly("123", "1");
        assertThat(split("smollm", "123")).containsExactly("1", "2", "3");
        assertThat(split("tekken", "123")).containsExactly("1", "2", "3");
    }

    @Test
    void everyRuleIsFoundByWhatItDoes() {
        for (final String pre : List.of("qwen2", "llama-bpe", "dbrx", "tekken", "gpt-4o", "gpt-2", "smollm")) {
            assertThat(Tokenizers.splittingRule(PreTokenizers.splits(pre, folder), PreTokenizers.wholeWordsFirst(pre))).contains(pre);
        }
        assertThat(Tokenizers.splittingRule(PreTokenizers.splits("qwen2", folder), true)).contains("qwen2");
        assertThat(Tokenizers.splittingRule(List.of("\\s+"), false)).isEmpty();
    }

    /** All that GGUF's own keys cannot say: here, that text is made lower case first. */
    @Test
    void aWholeTokenizerInTheFileGoesFirst() throws IOException {
        final Map<String, Object> metadata = bytePairs("qwen2");
        metadata.put("tokenizer.huggingface.json", "{\"version\": \"1.0\", \"added_tokens\": [], \"normalizer\": {\"type\": \"Lowercase\"}, \"pre_tokenizer\": "
            + "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": false, \"use_regex\": false}, \"post_processor\": null, "
            + "\"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": false, \"use_regex\": false}, "
            + "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}}");
        try (Tokenizer tokenizer = open(metadata)) {
            assertThat(tokenizer.encode("ABa", false)).containsExactly(2, 0);
        }
        metadata.put("tokenizer.huggingface.json", "{");
        assertRefused(metadata, "is no valid JSON");
    }

    @Test
    void bosIsAddedToPlainTextWhereTheRuleSaysSo() throws IOException {
        try (Tokenizer tokenizer = open(bytePairs("llama-bpe"))) {
            final int bos = tokenizer.idOf("<s>").orElseThrow();
            assertThat(tokenizer.encode("1", true)).startsWith(bos).hasSize(2);
            assertThat(tokenizer.encode("1", false)).hasSize(1);
        }
        try (Tokenizer tokenizer = open(bytePairs("qwen2"))) {
            assertThat(tokenizer.encode("1", true)).hasSize(1);
        }
    }

    @Test
    void whatIsUnknownOrBrokenIsRefused() {
        assertRefused(bytePairs("martian"), "splits text by 'martian'");
        final Map<String, Object> kind = bytePairs("qwen2");
        kind.put("tokenizer.ggml.model", "bert");
        assertRefused(kind, "kind 'bert'");
        final Map<String, Object> types = bytePairs("qwen2");
        types.put("tokenizer.ggml.token_type", new int[] {1});
        assertRefused(types, "another number");
        final Map<String, Object> merges = bytePairs("qwen2");
        merges.put("tokenizer.ggml.merges", List.of("no such"));
        assertRefused(merges, "cannot be used");
        assertRefused(Map.of("general.name", "x"), "has no tokenizer");
    }

    private void assertRefused(final Map<String, Object> metadata, final String message) {
        assertThatThrownBy(() -> open(metadata)).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE);
            assertThat(e.getMessage()).contains(message);
        });
    }

    @Test
    void brokenTokenizerFilesAreRefused() throws IOException {
        final Path file = folder.resolve("tokenizer.json");
        for (final String json : List.of("{", "{}", "{\"model\": {\"vocab\": {\"a\": 0}}, \"decoder\": {\"type\": \"ByteLevel\"}}",
            "{\"model\": {\"vocab\": {\"a\": -1}}, \"decoder\": {\"type\": \"ByteLevel\"}}")) {
            Files.writeString(file, json);
            assertThatThrownBy(() -> Tokenizers.ofHuggingFace(file)).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE));
        }
        assertThatThrownBy(() -> Tokenizers.ofHuggingFace(folder.resolve("none.json"))).isInstanceOf(SpillwayException.class);
    }
}
