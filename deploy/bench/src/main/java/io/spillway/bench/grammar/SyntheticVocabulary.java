package io.spillway.bench.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A vocabulary shaped like those of byte-level models: every byte, numbers of up to three digits, runs of blanks, punctuation as code
 * and JSON have it, words with and without a blank before them and with their beginnings (as merging leaves them), other scripts in
 * whole and in broken characters. The same for the same size.
 */
final class SyntheticVocabulary {
    private static final String[] ONSETS = {"", "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "qu", "r", "s", "st", "t", "th", "tr", "v", "w"};
    private static final String[] VOWELS = {"a", "e", "i", "o", "u", "ea", "io", "ou"};
    private static final String[] CODAS = {"", "n", "r", "s", "t", "l", "ng", "ck", "tion", "ment", "er", "ed", "ing", "ly"};
    private static final String[] SCRIPTS = {"\u4e00\u9fa5", "\u0430\u044f", "\u3041\u3093", "\uac00\ud7a3", "\u0627\u064a", "\u00c0\u00ff"};
    private static final String PUNCTUATION = "{}[]():;,.\"'`<>=+-*/\\|&%$#@!?~^_";
    private static final List<String> CODE = List.of("\": \"", "\",\"", "\":\"", "{\"", "\"}", "\"]", "\": ", "\": {\"", "},", "}}", "]}", "\":[", "\n\n",
        ",\n", "{\n", "\"\n", "\",\n", "\\n", "\\\"", "://", "();", ");\n", "->", "=>", "==", "!=", "&&", "||", "/*", "*/", "//", "</", "/>", "=\"");

    private SyntheticVocabulary() {
    }

    /** @return the bytes of so many tokens, by id */
    static byte[][] tokens(final int size) {
        final Random random = new Random(42);
        final Set<String> tokens = new LinkedHashSet<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(String.valueOf((char) value));
        }
        for (int number = 0; number < 1000; number++) {
            tokens.add(String.valueOf(number));
            tokens.add(String.format("%03d", number));
        }
        for (int run = 2; run <= 80; run++) {
            tokens.add(" ".repeat(run));
            tokens.add("\n" + " ".repeat(run));
        }
        for (final char a : PUNCTUATION.toCharArray()) {
            tokens.add(" " + a);
            tokens.add(String.valueOf(a).repeat(4));
            for (final char b : PUNCTUATION.toCharArray()) {
                tokens.add("" + a + b);
            }
        }
        CODE.forEach(text -> tokens.add(text));
        while (tokens.size() < size) {
            final String word = random.nextInt(4) == 0 ? foreign(random) : word(random);
            for (int length = 2 + random.nextInt(3); length <= word.length(); length += 1 + random.nextInt(3)) {
                tokens.add(word.substring(0, length));
            }
            tokens.add(word);
        }
        final List<String> all = new ArrayList<>(tokens).subList(0, size);
        return all.stream().map(token -> token.getBytes(StandardCharsets.ISO_8859_1)).toArray(byte[][]::new);
    }

    private static String word(final Random random) {
        final StringBuilder word = new StringBuilder();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            word.append(pick(ONSETS, random)).append(pick(VOWELS, random)).append(pick(CODAS, random));
        }
        if (random.nextInt(4) == 0) {
            word.setCharAt(0, Character.toUpperCase(word.charAt(0)));
        }
        return random.nextInt(5) < 3 ? " " + word : word.toString();
    }

    private static String pick(final String[] of, final Random random) {
        return of[random.nextInt(of.length)];
    }

    /** A few characters of one script, perhaps without the last byte. */
    private static String foreign(final Random random) {
        final String script = pick(SCRIPTS, random);
        final StringBuilder text = new StringBuilder(random.nextInt(3) == 0 ? " " : "");
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            text.append((char) (script.charAt(0) + random.nextInt(script.charAt(1) - script.charAt(0))));
        }
        final String bytes = new String(text.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return random.nextInt(6) == 0 ? bytes.substring(0, bytes.length() - 1) : bytes;
    }
}
