package io.spillway.text.tokenizer;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The rules by which GGUF names split text before byte pairs are merged. */
final class PreTokenizers {
    private static final String ENGLISH = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String TAIL = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String WORD_START = "[^\\r\\n\\p{L}\\p{N}]?";
    private static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

    private PreTokenizers() {
    }

    /** @return the regular expressions that split, one after the other */
    static List<String> splits(final String pre, final Path from) {
        return switch (pre) {
            case "qwen2", "deepseek-r1-qwen", "megrez" -> List.of(ENGLISH + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" + TAIL);
            case "llama-bpe", "llama3", "llama-v3", "dbrx" -> List.of(ENGLISH + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}" + TAIL);
            case "tekken" -> List.of("[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+|[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "+" + LOWER
                + "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
            case "gpt-4o" -> List.of(WORD_START + UPPER + "*" + LOWER + "+" + ENGLISH + "?|" + WORD_START + UPPER + "+" + LOWER + "*" + ENGLISH
                + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
            case "gpt-2", "gpt2" -> List.of(GPT2 + "|\\s+");
            case "smollm" -> List.of("\\p{N}", GPT2 + "|\\s+");
            case "default" -> List.of("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
            default -> throw GgufVocabulary.invalid(from, "splits text by '" + pre
                + "'; known are qwen2, llama-bpe, dbrx, gpt-4o, tekken, gpt-2, smollm and default. Use the model's Hugging Face directory instead");
        };
    }

    /**
     * @param expressions what splits, one after the other
     * @param wholeWords  whether a whole word of the vocabulary is taken before any merge
     * @return GGUF's name of that rule; empty when it has none that is known here
     */
    static Optional<String> nameOf(final List<String> expressions, final boolean wholeWords) {
        final List<String> named = List.of("qwen2", "llama-bpe", "dbrx", "tekken", "gpt-4o", "gpt-2", "smollm");
        final List<String> same = named.stream().filter(name -> splits(name, Path.of(name)).equals(expressions)).toList();
        return same.stream().filter(name -> wholeWordsFirst(name) == wholeWords).findFirst().or(() -> same.stream().findFirst());
    }

    /** @return whether a whole word of the vocabulary is taken before any merge */
    static boolean wholeWordsFirst(final String pre) {
        return pre.equals("llama-bpe") || pre.equals("llama3") || pre.equals("llama-v3") || pre.equals("tekken");
    }

    static boolean addsBos(final String pre) {
        return wholeWordsFirst(pre);
    }
}
