package io.spillway.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.text.FillInMiddle;
import io.spillway.text.ModelText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which models can fill in the middle, and what they are asked. */
class FillInMiddleTest {
    private static final int CONTROL = 3;
    private static final int BYTE = 6;
    private static final int A = 259;
    @TempDir
    private Path folder;

    /** 0 to 2: special; 3 to 258: bytes; 259 on: a, b, and what comes behind them. */
    private static Map<String, Object> model(final String... more) {
        final List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int value = 0; value < 256; value++) {
            tokens.add("<0x%02X>".formatted(value));
        }
        tokens.addAll(List.of("a", "b"));
        tokens.addAll(List.of(more));
        final int[] types = new int[tokens.size()];
        Arrays.fill(types, CONTROL);
        Arrays.fill(types, CONTROL, A, BYTE);
        types[0] = 2;
        types[A] = 1;
        types[A + 1] = 1;
        final Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.model", "llama");
        metadata.put("tokenizer.ggml.tokens", tokens);
        metadata.put("tokenizer.ggml.scores", new float[tokens.size()]);
        metadata.put("tokenizer.ggml.token_type", types);
        metadata.put("tokenizer.ggml.add_space_prefix", false);
        metadata.put("tokenizer.ggml.bos_token_id", 1);
        metadata.put("tokenizer.ggml.eos_token_id", 2);
        return metadata;
    }

    private ModelText load(final Map<String, Object> metadata) throws IOException {
        final Path path = folder.resolve("m.gguf");
        GgufWriter.write(path, metadata);
        return ModelText.load(path);
    }

    @Test
    void idsThatTheFileNamesGoBeforeSpellings() throws IOException {
        for (final List<String> keys : List.of(List.of("fim_pre_token_id", "fim_suf_token_id", "fim_mid_token_id"),
            List.of("prefix_token_id", "suffix_token_id", "middle_token_id"))) {
            final Map<String, Object> metadata = model("<one>", "<two>", "<three>", "<four>", "<PRE>", "<SUF>", "<MID>");
            for (int i = 0; i < 3; i++) {
                metadata.put("tokenizer.ggml." + keys.get(i), A + 2 + i);
            }
            metadata.put("tokenizer.ggml.fim_pad_token_id", A + 5);
            try (ModelText text = load(metadata)) {
                assertThat(text.fillInMiddle()).contains(new FillInMiddle(A + 2, A + 3, A + 4, List.of(A + 5)));
                assertThat(text.encodeGap("a", "b").orElseThrow()).as("begins as a plain text does")
                    .containsExactly(1, A + 2, A, A + 3, A + 1, A + 4);
            }
        }
    }

    @Test
    void spellingsOfOneFamilyAreKnown() throws IOException {
        for (final String[] names : new String[][] {{"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},
            {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"}, {"<PRE>", "<SUF>", "<MID>"}, {"\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"},
            {"<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>"}}) {
            final String[] all = Arrays.copyOf(names, 4);
            all[3] = "<|file_sep|>";
            try (ModelText text = load(model(all))) {
                assertThat(text.fillInMiddle()).as(names[0]).contains(new FillInMiddle(A + 2, A + 3, A + 4, List.of(A + 5)));
                assertThat(text.encodeGap("", "ba").orElseThrow()).containsExactly(1, A + 2, A + 3, A + 1, A, A + 4);
            }
        }
    }

    @Test
    void aModelWithoutAllThreeCannot() throws IOException {
        final Map<String, Object> half = model("<|fim_prefix|>", "<|fim_suffix|>");
        half.put("tokenizer.ggml.fim_pre_token_id", A);
        half.put("tokenizer.ggml.fim_suf_token_id", A + 1);
        half.put("tokenizer.ggml.fim_mid_token_id", 1 << 20);
        try (ModelText text = load(half)) {
            assertThat(text.fillInMiddle()).isEmpty();
            assertThat(text.encodeGap("a", "b")).isEmpty();
        }
    }
}
