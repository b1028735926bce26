package io.spillway.bench.grammar;

import io.spillway.grammar.GrammarCompiler;
import io.spillway.grammar.GrammarVocabulary;
import io.spillway.text.ModelText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A vocabulary to measure with, and a way to cut texts into its tokens. Immutable. */
final class BenchVocabulary {
    private static final int MAX_PIECE_BYTES = 64;

    private final String name;
    private final byte[][] tokens;
    private final BitSet special;
    private final int[] ends;
    private final Map<String, Integer> ids = new HashMap<>();

    private BenchVocabulary(final String name, final byte[][] tokens, final BitSet special, final int... ends) {
        this.name = name;
        this.tokens = tokens;
        this.special = special;
        this.ends = ends;
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] != null && tokens[id].length > 0 && !special.get(id)) {
                ids.putIfAbsent(new String(tokens[id], StandardCharsets.ISO_8859_1), id);
            }
        }
    }

    /** @return a made-up vocabulary of so many tokens, the last of which ends outputs */
    static BenchVocabulary synthetic(final int size) {
        final byte[][] tokens = Arrays.copyOf(SyntheticVocabulary.tokens(size - 1), size);
        return new BenchVocabulary("synthetic", tokens, new BitSet(), size - 1);
    }

    /** @return the vocabulary of a GGUF file or a Hugging Face directory, as a node reads it */
    static BenchVocabulary ofModel(final Path model) {
        try (ModelText text = ModelText.load(model)) {
            final byte[][] tokens = new byte[text.tokenizer().vocabularySize()][];
            final BitSet special = new BitSet();
            for (int id = 0; id < tokens.length; id++) {
                tokens[id] = text.tokenizer().tokenBytes(id);
                special.set(id, text.tokenizer().isSpecial(id));
            }
            return new BenchVocabulary(model.getFileName().toString(), tokens, special, text.stopTokenIds());
        }
    }

    /** @return a compiler that has met no grammar, with a trie of its own */
    GrammarCompiler compiler() {
        return new GrammarCompiler(GrammarVocabulary.of(tokens, special, ends), GrammarCompiler.Bounds.USUAL);
    }

    String name() {
        return name;
    }

    int end() {
        return ends[0];
    }

    byte[] bytes(final int token) {
        return tokens[token] == null ? new byte[0] : tokens[token];
    }

    /** @return the tokens of a text and the end: the longest first, which is not how the model's tokenizer cuts, but about as long */
    int[] cut(final String text) {
        final String bytes = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        final List<Integer> cut = new ArrayList<>();
        int at = 0;
        while (at < bytes.length()) {
            int end = Math.min(bytes.length(), at + MAX_PIECE_BYTES);
            while (end > at + 1 && !ids.containsKey(bytes.substring(at, end))) {
                end--;
            }
            cut.add(ids.get(bytes.substring(at, end)));
            at = end;
        }
        cut.add(ends[0]);
        return cut.stream().mapToInt(Integer::intValue).toArray();
    }
}
