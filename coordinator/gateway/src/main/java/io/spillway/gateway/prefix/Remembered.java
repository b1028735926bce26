package io.spillway.gateway.prefix;

import io.spillway.domain.kv.BlockHash;
import java.util.Arrays;
import java.util.List;

/**
 * A prompt that was encoded. Immutable; arrays are shared and nobody writes to them.
 *
 * @param utf8      its text
 * @param cutBytes  ascending offsets at which the text can be cut
 * @param cutTokens for each of them, how many tokens stand before it
 * @param root      what the first block's hash follows
 * @param chain     hashes of the full blocks
 */
record Remembered(byte[] utf8, int[] tokens, int[] cutBytes, int[] cutTokens, BlockHash root, List<BlockHash> chain) {
    private static final int BYTES_PER_HASH = 40;
    private static final int BYTES_APART = 256;

    /** @return about what it takes in memory */
    long bytes() {
        return BYTES_APART + utf8.length + 4L * (tokens.length + cutBytes.length + cutTokens.length) + (long) BYTES_PER_HASH * chain.size();
    }

    /** @return bytes at the beginning that a text has in common with this one */
    int commonBytes(final byte[] other) {
        final int mismatch = Arrays.mismatch(utf8, other);
        return mismatch < 0 ? utf8.length : mismatch;
    }

    /** @return number of the last cut at which at most {@code bytes} lie before it; -1 = none */
    int lastCutWithin(final int bytes) {
        final int place = Arrays.binarySearch(cutBytes, bytes);
        return place >= 0 ? place : -place - 2;
    }
}
