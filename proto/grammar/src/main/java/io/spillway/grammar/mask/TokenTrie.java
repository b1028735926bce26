package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.PlainText;
import java.util.Arrays;
import java.util.Comparator;

/**
 * Tokens by their bytes, as a tree whose nodes lie in the order of a walk from left to right: a node's subtree is the nodes from it
 * to {@link #end}, its tokens lie side by side. Node 0 is the root. Immutable; any thread.
 */
public final class TokenTrie {
    /** As an alphabet: something below is no plain text. */
    private static final int NOT_PLAIN = PlainText.ALPHABETS;

    private final byte[] label;
    private final int[] end;
    private final int[] firstToken;
    private final int[] tokens;
    private final byte[] alphabet;
    private final byte[] charsBelow;
    private final byte[] charsAt;
    private final byte[] chars;
    private final int depth;

    private TokenTrie(final byte[][] sorted, final int[] tokens) {
        this.tokens = tokens;
        final int nodes = count(sorted);
        this.label = new byte[nodes];
        this.end = new int[nodes];
        this.firstToken = new int[nodes + 1];
        this.charsAt = new byte[nodes];
        this.chars = new byte[tokens.length];
        this.depth = Arrays.stream(sorted).mapToInt(bytes -> bytes.length).max().orElse(0);
        build(sorted);
        this.alphabet = new byte[nodes];
        this.charsBelow = new byte[nodes];
        for (int node = nodes - 1; node >= 0; node--) {
            look(node);
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
                charsAt[nodes] = (byte) (charsAt[path[i]] + (PlainText.isFirst(bytes[i] & 0xff) ? 1 : 0));
                // Tokens that end further up the path come before; those that end here or below begin with this one.
                firstToken[nodes++] = token;
            }
            chars[token] = charsAt[path[bytes.length]];
            previous = bytes;
        }
        for (int i = previous.length; i >= 0; i--) {
            end[path[i]] = nodes;
        }
        firstToken[nodes] = sorted.length;
    }

    /** Taking the node for a boundary between characters: which alphabet the texts below are of, and the most characters of one. */
    private void look(final int node) {
        for (int child = node + 1; child < end[node]; child = end[child]) {
            final int first = label[child] & 0xff;
            if (first < 0x80) {
                add(node, child, PlainText.alphabetOf(first));
            } else if (ownTokens(child) > 0) {
                add(node, child, NOT_PLAIN);
            } else {
                seconds(node, child, first);
            }
        }
    }

    private void seconds(final int node, final int lead, final int first) {
        for (int child = lead + 1; child < end[lead]; child = end[child]) {
            final int length = PlainText.lengthOf(first, label[child] & 0xff);
            if (length == 0) {
                add(node, child, NOT_PLAIN);
            } else {
                rest(node, child, length - 2);
            }
        }
    }

    private void rest(final int node, final int at, final int left) {
        if (left == 0) {
            add(node, at, PlainText.ALPHABETS - 1);
        } else if (ownTokens(at) > 0) {
            add(node, at, NOT_PLAIN);
        } else {
            for (int child = at + 1; child < end[at]; child = end[child]) {
                if (PlainText.isFirst(label[child] & 0xff)) {
                    add(node, child, NOT_PLAIN);
                } else {
                    rest(node, child, left - 1);
                }
            }
        }
    }

    /** Below a node is a character of some alphabet, which ends at another node. */
    private void add(final int node, final int last, final int of) {
        alphabet[node] = (byte) Math.max(alphabet[node], Math.max(of, alphabet[last]));
        charsBelow[node] = (byte) Math.max(charsBelow[node] & 0xff, (charsBelow[last] & 0xff) + 1);
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

    /** @return the narrowest alphabet that all texts below a node are of; {@link PlainText#ALPHABETS} when some are no plain text */
    int alphabet(final int node) {
        return alphabet[node];
    }

    /** @return of the texts below a node, which are plain, the most characters */
    int charsBelow(final int node) {
        return charsBelow[node] & 0xff;
    }

    /** @return how many bytes on the way to a node begin a character */
    int charsAt(final int node) {
        return charsAt[node] & 0xff;
    }

    /** @return how many characters a token has, by its place in the order: bytes that begin one */
    int chars(final int place) {
        return chars[place] & 0xff;
    }

    /** @return bytes that it takes up, about */
    public long bytes() {
        return label.length * 12L + tokens.length * 5L;
    }
}
