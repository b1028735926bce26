package io.spillway.grammar;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Writes random outputs under masks, as a model would that knows nothing. */
final class Outputs {
    private Outputs() {
    }

    /**
     * @param most tokens; after these, the end is taken as soon as it may come
     * @return null when the output did not end within ten times as many
     */
    static String random(final CompiledGrammar grammar, final TestVocabulary tokens, final Random random, final int most) {
        final GrammarState state = grammar.start();
        final long[] mask = new long[tokens.vocabulary().maskWords()];
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < most * 10; i++) {
            state.fillMask(mask);
            final int token = choose(mask, tokens, random, i >= most);
            if (token < 0) {
                throw new AssertionError("nothing may come after " + out.toString(StandardCharsets.UTF_8));
            }
            if (!state.advance(token)) {
                throw new AssertionError("allowed and refused: token " + token + " after " + out.toString(StandardCharsets.UTF_8));
            }
            if (token == tokens.end()) {
                return out.toString(StandardCharsets.UTF_8);
            }
            out.writeBytes(token == tokens.marker() ? TestVocabulary.MARKER.getBytes(StandardCharsets.UTF_8) : tokens.text(token));
        }
        return null;
    }

    private static int choose(final long[] mask, final TestVocabulary tokens, final Random random, final boolean hurry) {
        if (TestVocabulary.allows(mask, tokens.end()) && (hurry || random.nextInt(4) == 0)) {
            return tokens.end();
        }
        if (hurry) {
            for (final char closing : new char[] {'"', '}', ']'}) {
                if (TestVocabulary.allows(mask, closing) && random.nextInt(3) > 0) {
                    return closing;
                }
            }
        }
        int left = 0;
        for (final long word : mask) {
            left += Long.bitCount(word);
        }
        int skip = left == 0 ? 0 : random.nextInt(left);
        for (int token = 0; token < tokens.size(); token++) {
            if (TestVocabulary.allows(mask, token) && skip-- == 0) {
                return token;
            }
        }
        return -1;
    }
}
