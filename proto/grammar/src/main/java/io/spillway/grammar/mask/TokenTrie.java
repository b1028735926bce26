package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.PlainText;
import java.util.Arrays;
import java.util.Comparator;

/**
 * Tokens by their bytes, as a tree whose nodes lie in the order of a walk from left to right: a node's subtree is the nodes from it
 * to {@link #end}, its tokens lie side by side. Node 0 is the root. Immutable; any thread.
 */
public final class TokenTrie {
    /** As an answer of {@link #plainChars}: something below is no plain text. */
    public static final int NOT_PLAIN = 256;

    private final byte[] label;
    private final int[] end;
    private final int[] firstToken;
    private final int[] tokens;
    private final short[] plain;
    private final int depth;

    private TokenTrie(final byte[][] sorted, final int[] tokens) {
        this.tokens = tokens;
        final int nodes = count(sorted);
        this.label = new byte[nodes];
        this.end = new int[nodes];
        this.firstToken = new int[nodes + 1];
        this.depth = Arrays.stream(sorted).mapToInt(bytes -> bytes.length).max().orElse(0);
        build(sorted);
        this.plain = new short[nodes];
        for (int node = nodes - 1; node >= 0; node--) {
            plain[node] = (short) plainBelow(node);
        }
    }

    /**
     * @param bytes the bytes of each token, by id; null or empty where a token is not to be in the trie
     * @return the trie of the tokens of {@code least} to {@code most} bytes
     */
    public static TokenTrie of(final byte[][] bytes, final int least, final int most) {
        final Integer[] ids = java.util.stream.IntStream.range(0, bytes.length)
            .filter(id -> bytes[id] != null && bytes[id].length >= Math.max(1, least) && bytes[id].length <= most)
            .boxed().toArray(Integer[]::new);
        Arrays.sort(ids, Comparator.comparing(id -> bytes[id], Arrays::compareUnsigned));
        final byte[][] sorted = new byte[ids.length][];
        final int[] tokens = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            sorted[i] = bytes[ids[i]];
            tokens[i] = ids[i];
        }
        return new TokenTrie(sorted, tokens);
    }

    private static int common(final byte[] a, final byte[] b) {
        final int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    private static int count(final byte[][] sorted) {
        int nodes = 1;
        byte[] previous = {};
        for (final byte[] bytes : sorted) {
            nodes += bytes.length - common(previous, bytes);
            previous = bytes;
        }
        return nodes;
    }

    private void build(final byte[][] sorted) {
        final int[] path = new int[depth + 1];
        int nodes = 1;
        byte[] previous = {};
        for (int token = 0; token < sorted.length; token++) {
            final byte[] bytes = sorted[token];
            final int shared = common(previous, bytes);
            for (int i = previous.length; i > shared; i--) {
                end[path[i]] = nodes;
            }
            for (int i = shared; i < bytes.length; i++) {
                path[i + 1] = nodes;
                label[nodes] = bytes[i];
                // Tokens that end further up the path come before; those that end here or below begin with this one.
                firstToken[nodes++] = token;
            }
            previous = bytes;
        }
        for (int i = previous.length; i >= 0; i--) {
            end[path[i]] = nodes;
        }
        firstToken[nodes] = sorted.length;
    }

    /** Taking the node for a boundary between characters: the most plain characters of a text below it. */
    private int plainBelow(final int node) {
        int most = 0;
        for (int child = node + 1; child < end[node]; child = end[child]) {
            final int first = label[child] & 0xff;
            final int chars = PlainText.isPlain(first) ? below(child) : first < 0x80 ? NOT_PLAIN : multiByte(child, first);
            most = Math.max(most, chars);
        }
        return most;
    }

    private int below(final int node) {
        return plain[node] >= DfaState.ANY_NUMBER ? NOT_PLAIN : plain[node] + 1;
    }

    private int multiByte(final int node, final int first) {
        if (ownTokens(node) > 0) {
            return NOT_PLAIN;
        }
        int most = 0;
        for (int child = node + 1; child < end[node]; child = end[child]) {
            final int length = PlainText.lengthOf(first, label[child] & 0xff);
            most = Math.max(most, length == 0 ? NOT_PLAIN : rest(child, length - 2));
        }
        return most;
    }

    private int rest(final int node, final int left) {
        if (left == 0) {
            return below(node);
        }
        if (ownTokens(node) > 0) {
            return NOT_PLAIN;
        }
        int most = 0;
        for (int child = node + 1; child < end[node]; child = end[child]) {
            final int value = label[child] & 0xff;
            most = Math.max(most, value < 0x80 || value > 0xbf ? NOT_PLAIN : rest(child, left - 1));
        }
        return most;
    }

    /** @return how many nodes there are */
    public int nodes() {
        return label.length;
    }

    /** @return how many tokens there are */
    public int size() {
        return tokens.length;
    }

    /** @return the bytes of the longest token */
    public int depth() {
        return depth;
    }

    int label(final int node) {
        return label[node] & 0xff;
    }

    int end(final int node) {
        return end[node];
    }

    /** @return where the tokens that end at a node or below it begin, in {@link #token}'s order */
    int firstToken(final int node) {
        return firstToken[node];
    }

    private int ownTokens(final int node) {
        return firstToken[node + 1] - firstToken[node];
    }

    /** @return the id of a token, by its place in the order */
    int token(final int place) {
        return tokens[place];
    }

    /** @return of the texts below a node, the most characters, when all are plain text as {@link PlainText} has it; else {@link #NOT_PLAIN} */
    int plainChars(final int node) {
        return plain[node];
    }

    /** @return bytes that it takes up, about */
    public long bytes() {
        return label.length * 11L + tokens.length * 4L;
    }
}
