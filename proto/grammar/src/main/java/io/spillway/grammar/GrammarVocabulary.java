package io.spillway.grammar;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.SpecialToken;
import io.spillway.grammar.mask.MaskParts;
import io.spillway.grammar.mask.TokenTrie;
import java.util.BitSet;
import java.util.List;

/**
 * One model's tokens as grammars see them: by their bytes, in a trie. Made once per model, about 4 MB for 128,000 tokens, and shared by
 * all its grammars. Any thread.
 */
public final class GrammarVocabulary {
    /** Longer tokens do not exist for grammars. */
    private static final int MAX_TOKEN_BYTES = 240;

    private final byte[][] bytes;
    private final int[] endTokens;
    private final int missingByte;
    private final List<TokenTrie> tries;
    private final List<MaskParts> shared;

    private GrammarVocabulary(final byte[][] bytes, final int[] endTokens) {
        this.bytes = bytes;
        this.endTokens = endTokens;
        this.missingByte = missingByte(bytes);
        this.tries = List.of(TokenTrie.of(bytes, 1, DfaState.nearBytes()), TokenTrie.of(bytes, DfaState.nearBytes() + 1, MAX_TOKEN_BYTES));
        this.shared = tries.stream().map(trie -> MaskParts.shared(trie, maskWords())).toList();
    }

    /**
     * @param tokenBytes the bytes that each token stands for, by id; of special tokens, the bytes of their text. Null or empty: none.
     *                   The arrays are not copied
     * @param special    tokens that steer instead of being text: a grammar allows them only where it names them
     * @param endTokens  tokens that end the output; at least one
     * @throws SpillwayException when there is no end token, or one that is no token
     */
    public static GrammarVocabulary of(final byte[][] tokenBytes, final BitSet special, final int... endTokens) {
        if (endTokens.length == 0) {
            throw new SpillwayException(ErrorCode.MISSING_FIELD, "structured output needs a token that ends the output; the model has none");
        }
        final byte[][] bytes = tokenBytes.clone();
        for (int id = 0; id < bytes.length; id++) {
            if (bytes[id] != null && special.get(id) && bytes[id].length > 0) {
                bytes[id] = SpecialToken.bytes(bytes[id]);
            } else if (bytes[id] != null && hasReserved(bytes[id])) {
                bytes[id] = null;
            }
        }
        for (final int end : endTokens) {
            if (end < 0 || end >= bytes.length) {
                throw new SpillwayException(ErrorCode.INVALID_VALUE, "the end token " + end + " is no token of the vocabulary");
            }
            bytes[end] = null;
        }
        return new GrammarVocabulary(bytes, endTokens.clone());
    }

    private static boolean hasReserved(final byte[] bytes) {
        for (final byte value : bytes) {
            if (SpecialToken.isReserved(value)) {
                return true;
            }
        }
        return false;
    }

    /** A text can be finished from wherever it is when each of its bytes is a token. */
    private static int missingByte(final byte[][] bytes) {
        final BitSet single = new BitSet(256);
        for (final byte[] token : bytes) {
            if (token != null && token.length == 1) {
                single.set(token[0] & 0xff);
            }
        }
        for (int value = 0; value < 256; value++) {
            final boolean control = value < 0x20 && value != '\t' && value != '\n' && value != '\r' || value == 0x7f;
            final boolean inText = !control && value != 0xc0 && value != 0xc1 && value < 0xf5;
            if (inText && !single.get(value)) {
                return value;
            }
        }
        return -1;
    }

    /** @return one above the largest id */
    public int size() {
        return bytes.length;
    }

    /** @return words that a mask has, one bit per token */
    public int maskWords() {
        return (bytes.length + Long.SIZE - 1) / Long.SIZE;
    }

    /** @return bytes that the tries take up, about */
    public long memoryBytes() {
        return tries.stream().mapToLong(TokenTrie::bytes).sum();
    }

    /** @throws SpillwayException when some byte is no token by itself, so that outputs could get stuck */
    void checkComplete() {
        if (missingByte >= 0) {
            throw new SpillwayException(ErrorCode.UNSUPPORTED, "structured output needs a token for every byte; this model's vocabulary "
                + "has none for byte " + missingByte);
        }
    }

    boolean isEnd(final int token) {
        for (final int end : endTokens) {
            if (end == token) {
                return true;
            }
        }
        return false;
    }

    void allowEnd(final long[] mask) {
        for (final int end : endTokens) {
            mask[end >>> 6] |= 1L << end;
        }
    }

    /** @return the token that ends the output; -1 when several do */
    int onlyEnd() {
        return endTokens.length == 1 ? endTokens[0] : -1;
    }

    /** @return null for tokens that no grammar knows */
    byte[] bytes(final int token) {
        return token < 0 || token >= bytes.length ? null : bytes[token];
    }

    List<MaskParts> shared() {
        return shared;
    }
}
