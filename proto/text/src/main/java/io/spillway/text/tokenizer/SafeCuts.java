package io.spillway.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Finds the special tokens before which a text can be cut so that the tokens of both pieces are the tokens of the whole. Tokenizers take
 * special tokens out of a text before they merge anything, so no merge reaches across; but some take white space with them, some overlap with
 * others, and some are not taken out at all: each token is tried, and only those that do as expected are given. Stateless.
 */
public final class SafeCuts {
    private static final int CHARS_MIN = 3;
    private static final int TOKENS_MAX = 1024;
    private static final List<String> BEFORE = List.of("a", "a ", " \n", "é", "word<", "</s", "1\t");
    private static final List<String> BEHIND = List.of("", "a", " a", "\nb ", "é");

    private SafeCuts() {
    }

    /** A token that stands for this text wherever it occurs. */
    public record Cut(String text, int token) {
    }

    /** @return such tokens of a vocabulary */
    public static List<Cut> of(final Tokenizer tokenizer) {
        final List<Cut> special = new ArrayList<>();
        for (int id = 0; id < tokenizer.vocabularySize() && special.size() < TOKENS_MAX; id++) {
            final String text = tokenizer.isSpecial(id) ? new String(tokenizer.tokenBytes(id), StandardCharsets.UTF_8) : "";
            if (text.length() >= CHARS_MIN && tokenizer.idOf(text).equals(OptionalInt.of(id))) {
                special.add(new Cut(text, id));
            }
        }
        return special.stream().filter(cut -> special.stream().noneMatch(other -> other != cut && overlap(other.text, cut.text)))
            .filter(cut -> cuts(tokenizer, cut)).toList();
    }

    /** @return whether one could begin within the other */
    private static boolean overlap(final String one, final String other) {
        if (one.contains(other) || other.contains(one)) {
            return true;
        }
        for (int length = 1; length < Math.min(one.length(), other.length()); length++) {
            if (one.endsWith(other.substring(0, length)) || other.endsWith(one.substring(0, length))) {
                return true;
            }
        }
        return false;
    }

    private static boolean cuts(final Tokenizer tokenizer, final Cut cut) {
        for (final String behind : BEHIND) {
            final int[] second = tokenizer.encode(cut.text + behind, false);
            if (second.length == 0 || second[0] != cut.token) {
                return false;
            }
            for (final String before : BEFORE) {
                final int[] first = tokenizer.encode(before, false);
                final int[] both = Arrays.copyOf(first, first.length + second.length);
                System.arraycopy(second, 0, both, first.length, second.length);
                if (!Arrays.equals(tokenizer.encode(before + cut.text + behind, false), both)) {
                    return false;
                }
            }
        }
        return true;
    }
}
