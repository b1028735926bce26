package io.spillway.gateway.prefix;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Encodes a prompt, whole or behind the part of another one that it shares. Owned by one thread. */
final class Extension {
    private static final int KEY_BYTES = 3;

    private final PromptText prompt;
    private final byte[] utf8;
    private final Map<Integer, List<Spelled>> markers = new HashMap<>(); // by their first bytes
    private final Set<Integer> markerTokens = new HashSet<>();
    private final boolean[] first = new boolean[256];

    /** A marker in bytes. */
    private record Spelled(byte[] text, int token) {
    }

    Extension(final PromptText prompt, final byte[] utf8) {
        this.prompt = prompt;
        this.utf8 = utf8;
        for (final PromptText.Marker marker : prompt.markers()) {
            final byte[] text = marker.text().getBytes(StandardCharsets.UTF_8);
            if (text.length >= KEY_BYTES) {
                markers.computeIfAbsent(key(text, 0), any -> new ArrayList<>()).add(new Spelled(text, marker.token()));
                markerTokens.add(marker.token());
                first[text[0] & 0xff] = true;
            }
        }
    }

    private static int key(final byte[] text, final int at) {
        return (text[at] & 0xff) << 16 | (text[at + 1] & 0xff) << 8 | text[at + 2] & 0xff;
    }

    Remembered whole(final PromptMemory.Blocks blocks) {
        final int[] tokens = prompt.encode().apply(prompt.text());
        final Cuts cuts = new Cuts(0, 0, tokens);
        return new Remembered(utf8, tokens, cuts.bytes(), cuts.tokens(), blocks.root(),
            BlockHasher.chain(blocks.root(), tokens, 0, tokens.length, blocks.blockTokens()));
    }

    /** @param cut number of a cut of {@code shared} up to which both are the same */
    Remembered after(final Remembered shared, final int cut, final PromptMemory.Blocks blocks) {
        final int fromByte = shared.cutBytes()[cut];
        final int fromToken = shared.cutTokens()[cut];
        final int[] added = prompt.encode().apply(new String(utf8, fromByte, utf8.length - fromByte, StandardCharsets.UTF_8));
        final int[] tokens = Arrays.copyOf(shared.tokens(), fromToken + added.length);
        System.arraycopy(added, 0, tokens, fromToken, added.length);
        final Cuts cuts = new Cuts(fromByte, fromToken, added);
        return new Remembered(utf8, tokens, joined(shared.cutBytes(), cut, cuts.bytes()), joined(shared.cutTokens(), cut, cuts.tokens()),
            blocks.root(), chain(shared, fromToken, tokens, blocks));
    }

    private static List<BlockHash> chain(
        final Remembered shared, final int sharedTokens, final int[] tokens, final PromptMemory.Blocks blocks) {
        final int same = shared.root().equals(blocks.root()) ? Math.min(shared.chain().size(), sharedTokens / blocks.blockTokens()) : 0;
        final List<BlockHash> chain = new ArrayList<>(tokens.length / blocks.blockTokens());
        chain.addAll(shared.chain().subList(0, same));
        chain.addAll(BlockHasher.chain(same == 0 ? blocks.root() : chain.getLast(), tokens, same * blocks.blockTokens(), tokens.length,
            blocks.blockTokens()));
        return chain;
    }

    private static int[] joined(final int[] first, final int count, final int[] second) {
        final int[] all = Arrays.copyOf(first, count + second.length);
        System.arraycopy(second, 0, all, count, second.length);
        return all;
    }

    /**
     * Where the text can be cut: its markers in order, each with its token. Where text and tokens do not tell of the same markers in the
     * same order, it cannot be cut at all.
     */
    private final class Cuts {
        private final int[] places;
        private final int[] counts;
        private int size;

        Cuts(final int fromByte, final int fromToken, final int[] encoded) {
            places = new int[encoded.length];
            counts = new int[encoded.length];
            int at = fromByte;
            for (int i = 0; i < encoded.length; i++) {
                if (markerTokens.contains(encoded[i])) {
                    final int place = next(at);
                    final Spelled here = place < 0 ? null : spelledAt(place);
                    if (here == null || here.token != encoded[i]) {
                        size = 0;
                        return;
                    }
                    places[size] = place;
                    counts[size++] = fromToken + i;
                    at = place + here.text.length;
                }
            }
            size = next(at) < 0 ? size : 0;
        }

        /** @return where the next marker stands; -1 = nowhere */
        private int next(final int from) {
            for (int at = from; at <= utf8.length - KEY_BYTES; at++) {
                if (first[utf8[at] & 0xff] && spelledAt(at) != null) {
                    return at;
                }
            }
            return -1;
        }

        private Spelled spelledAt(final int at) {
            for (final Spelled marker : markers.getOrDefault(key(utf8, at), List.of())) {
                if (at + marker.text.length <= utf8.length
                    && Arrays.equals(utf8, at, at + marker.text.length, marker.text, 0, marker.text.length)) {
                    return marker;
                }
            }
            return null;
        }

        int[] bytes() {
            return Arrays.copyOf(places, size);
        }

        int[] tokens() {
            return Arrays.copyOf(counts, size);
        }
    }
}
