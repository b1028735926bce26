package io.spillway.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Vocabularies for tests: every byte, pieces of sample texts cut anywhere (in characters too), special tokens, an end token. */
final class TestVocabulary {
    /** Texts of the kinds that models write. */
    static final List<String> SAMPLES = List.of(
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Zürich\", \"unit\": \"celsius\", \"days\": 3}}",
        "{\n  \"items\": [\n    1,\n    -2.5e+10,\n    true,\n    null\n  ]\n}", "[{\"a\":1},{\"b\":[]}]\\\"\\u00e9\\n", "},{\"id\":\"",
        "The quick brown fox jumps over the lazy dog. 日本語のテキスト, привет, 😀👍🏽", "2024-02-29T12:30:45.123Z", "\"]}]}}", "        ",
        "select * from t where x = 'y'; // comment", "abcabcabc aaa bbb 0123456789", "<tool_call>\n</tool_call>", "\\ud83d\\ude00");
    static final String MARKER = "[TOOL_CALLS]";

    private final byte[][] bytes;
    private final GrammarVocabulary vocabulary;
    private final int end;
    private final Map<String, Integer> ids = new HashMap<>();

    private TestVocabulary(final Set<String> tokens) {
        final List<String> all = new ArrayList<>(tokens);
        bytes = new byte[all.size() + 3][];
        for (int i = 0; i < all.size(); i++) {
            bytes[i] = all.get(i).getBytes(StandardCharsets.ISO_8859_1);
            ids.putIfAbsent(all.get(i), i);
        }
        end = all.size();
        bytes[end] = "</s>".getBytes(StandardCharsets.UTF_8);
        bytes[end + 1] = MARKER.getBytes(StandardCharsets.UTF_8);
        final BitSet special = new BitSet();
        special.set(end, end + 2);
        vocabulary = GrammarVocabulary.of(bytes, special, end);
    }

    /** @return every byte, and {@code pieces} pieces of up to {@code longest} bytes */
    static TestVocabulary of(final long seed, final int pieces, final int longest) {
        final Random random = new Random(seed);
        final Set<String> tokens = new LinkedHashSet<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(String.valueOf((char) value));
        }
        for (int i = 0; i < pieces; i++) {
            final String sample = new String(SAMPLES.get(random.nextInt(SAMPLES.size())).getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
            final int from = random.nextInt(sample.length());
            tokens.add(sample.substring(from, Math.min(sample.length(), from + 1 + random.nextInt(longest))));
        }
        tokens.add(" ".repeat(longest * 3));
        return new TestVocabulary(tokens);
    }

    GrammarVocabulary vocabulary() {
        return vocabulary;
    }

    int end() {
        return end;
    }

    int marker() {
        return end + 1;
    }

    int size() {
        return bytes.length;
    }

    /** @return the bytes of an ordinary token; null of others */
    byte[] text(final int token) {
        return token < end ? bytes[token] : null;
    }

    /** @return some tokens that spell the text, cut at random */
    int[] cut(final byte[] text, final Random random) {
        final List<Integer> tokens = new ArrayList<>();
        final String all = new String(text, StandardCharsets.ISO_8859_1);
        int at = 0;
        while (at < all.length()) {
            int length = 1 + random.nextInt(12);
            while (length > 1 && !ids.containsKey(all.substring(at, Math.min(all.length(), at + length)))) {
                length--;
            }
            final String piece = all.substring(at, Math.min(all.length(), at + length));
            tokens.add(ids.get(piece));
            at += piece.length();
        }
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }

    /** @return token ids by length of their bytes, longest first */
    int[] longestFirst() {
        return java.util.stream.IntStream.range(0, end).boxed().sorted(Comparator.comparing((Integer id) -> -bytes[id].length))
            .mapToInt(Integer::intValue).toArray();
    }

    static boolean allows(final long[] mask, final int token) {
        return (mask[token >>> 6] >>> token & 1) != 0;
    }

    @Override
    public String toString() {
        return Arrays.toString(SAMPLES.toArray());
    }
}
